// SPDX-License-Identifier: BSD-3-Clause
#include "files/held_files.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "base/units.hpp"
#include "files/entry.hpp"
#include "files/file_state.hpp"
#include "files/kept_files.hpp"

namespace chkpt::files {
namespace {

constexpr char kPrefix[] = "open-";
constexpr char kPartSuffix[] = ".part";
constexpr std::size_t kPiece = 4 << 20;

struct Expectation {
  std::vector<HeldFile> files;
  std::string run_path;
};
Expectation& expectation() {
  static Expectation value;
  return value;
}

std::vector<std::string>& wanted_paths() {
  static std::vector<std::string> paths;
  return paths;
}

std::vector<std::string>& mapped_paths() {
  static std::vector<std::string> paths;
  return paths;
}

std::uint64_t& largest() {
  static std::uint64_t bytes = UINT64_MAX;
  return bytes;
}

std::uint64_t size_of(const struct stat& info) { return static_cast<std::uint64_t>(info.st_size); }

// Calls use(piece) over the whole of an open file and returns its hash.
template <class F>
Hash128 read_through(int fd, std::uint64_t size, const std::string& path, F&& use) {
  Hasher hasher;
  std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(size, kPiece)), '\0');
  for (std::uint64_t offset = 0; offset < size;) {
    const auto length =
        static_cast<std::size_t>(std::min<std::uint64_t>(size - offset, piece.size()));
    read_all(fd, piece.data(), length, offset, path);
    const ByteView bytes(std::string_view(piece.data(), length));
    hasher.add(bytes);
    use(bytes);
    offset += length;
  }
  return hasher.digest();
}

Hash128 hash_of(int fd, std::uint64_t size, const std::string& path) {
  return read_through(fd, size, path, [](ByteView) {});
}

bool same_time(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool looks_unchanged(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_size == b.st_size &&
         same_time(a.st_mtim, b.st_mtim) && same_time(a.st_ctim, b.st_ctim);
}

// To open and close a file once more would give up the range locks that this process has on it.
UniqueFd own_descriptor(const std::string& path, const Opened& opened) {
  if (opened.readable >= 0) return {};
  if (opened.range_locked) throw_io("cannot copy, without losing a lock on it,", path, EBUSY);
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) throw_io("cannot read", path, errno);
  return fd;
}

std::string why_other_contents(int fd, const HeldFile& file, const std::string& name) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return "cannot examine " + name + ": " + errno_text(errno);
  if (size_of(info) != file.size) {
    return name + " has " + format_bytes(size_of(info)) + " instead of " + format_bytes(file.size);
  }
  return hash_of(fd, file.size, name) == file.hash ? "" : name + " has other contents";
}

}  // namespace

bool is_held_copy(const std::string& name) { return name.rfind(kPrefix, 0) == 0; }

bool HeldFiles::owns(const std::string& name) const { return name.rfind(prefix(), 0) == 0; }

std::string HeldFiles::new_name() {
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return prefix() + std::to_string(now) + "-" + std::to_string(++count_);
}

HeldFile HeldFiles::copy(const std::string& path) {
  const auto info = examine(path);
  if (!info || !S_ISREG(info->st_mode)) throw_io("cannot copy", path, ENOENT);
  const Opened opened = opened_here(*info);
  const UniqueFd own = own_descriptor(path, opened);
  const int from = own ? own.get() : opened.readable;
  HeldFile held{path, new_name(), size_of(*info), {}};
  if (!share(path, *info, from, &held)) {
    PendingFile file(directory_, held.kept, held.size);
    if (file.clone(from, held.size)) {
      held.hash = hash_of(from, held.size, path);
    } else {
      held.hash =
          read_through(from, held.size, path, [&file](ByteView piece) { file.append(piece); });
    }
    file.publish(0600);
  }
  last_[path] = {held, *info};
  return held;
}

// Times have a grain, so the contents are looked at too: reading is far cheaper than a copy.
bool HeldFiles::share(const std::string& path, const struct stat& info, int from, HeldFile* held) {
  const auto last = last_.find(path);
  if (last == last_.end() || !looks_unchanged(last->second.info, info)) return false;
  const HeldFile& before = last->second.copy;
  if (hash_of(from, held->size, path) != before.hash) return false;
  if (::linkat(directory_.fd(), before.kept.c_str(), directory_.fd(), held->kept.c_str(), 0) != 0)
    return false;
  held->hash = before.hash;
  return true;
}

void HeldFiles::remove_all_but(const std::vector<std::string>& wanted) const {
  for (const std::string& name : directory_.names()) {
    if (owns(name) && std::find(wanted.begin(), wanted.end(), name) == wanted.end())
      directory_.unlink(name);
  }
}

void forget_wanted() {
  wanted_paths().clear();
  mapped_paths().clear();
}
void want(const std::string& path) {
  auto& paths = wanted_paths();
  if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
}
const std::vector<std::string>& wanted() { return wanted_paths(); }

void note_mapped(const std::string& path) { mapped_paths().push_back(path); }
const std::vector<std::string>& mapped() { return mapped_paths(); }

void set_largest_held(std::uint64_t bytes) { largest() = bytes; }
std::uint64_t largest_held() { return largest(); }

void expect(std::vector<HeldFile> files, const std::string& run_path) {
  expectation() = {std::move(files), run_path};
}

std::optional<HeldFile> expected(const std::string& path) {
  for (const HeldFile& file : expectation().files)
    if (file.path == path) return file;
  return std::nullopt;
}

std::string private_copy(const HeldFile& file) {
  const Directory folder = KeptFiles::folder(expectation().run_path);
  const UniqueFd from = folder.open_file(file.kept, O_RDONLY);
  const std::string name = file.kept + "." + std::to_string(::getpid()) + kPartSuffix;
  UniqueFd to = folder.open_file(name, O_RDWR | O_CREAT | O_EXCL, 0600);
  std::uint64_t offset = 0;
  const Hash128 hash =
      read_through(from.get(), file.size, folder.path_of(file.kept), [&](ByteView piece) {
        const FileSizeSignalGuard guard;
        write_all(to.get(), piece, offset, folder.path_of(name), file.size);
        offset += piece.size;
      });
  if (hash != file.hash) folder.unlink(name);
  if (hash != file.hash) throw FormatError("the copy of " + file.path + " is damaged");
  to.close(folder.path_of(name));
  return folder.path_of(name);
}

std::string why_damaged(const HeldFile& file, const std::string& run_path) {
  try {
    const Directory folder = KeptFiles::folder(run_path);
    const UniqueFd fd = folder.open_file(file.kept, O_RDONLY);
    return why_other_contents(fd.get(), file, "the copy of " + file.path);
  } catch (const Error& problem) {
    return problem.what();
  }
}

std::string why_not_as_expected(const HeldFile& file) {
  const UniqueFd fd(::open(file.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return "cannot read " + file.path + ": " + errno_text(errno);
  try {
    return why_other_contents(fd.get(), file, file.path);
  } catch (const Error& problem) {
    return problem.what();
  }
}

Json encode(const std::vector<HeldFile>& files) {
  Json list = Json::array();
  for (const HeldFile& file : files) {
    list.push_back({{"path", escaped(file.path)},
                    {"kept", file.kept},
                    {"size", file.size},
                    {"hash", file.hash.hex()}});
  }
  return list;
}

std::vector<HeldFile> decode_held(const Json& json) {
  std::vector<HeldFile> files;
  try {
    for (const Json& one : json) {
      HeldFile file{unescaped(one.at("path").get<std::string>()),
                    plain_name(one.at("kept").get<std::string>()),
                    one.at("size").get<std::uint64_t>(),
                    {}};
      const auto hash = Hash128::from_hex(one.at("hash").get<std::string>());
      if (!hash) throw FormatError("bad hash of a held file");
      file.hash = *hash;
      files.push_back(std::move(file));
    }
  } catch (const Json::exception& problem) {
    throw FormatError(std::string("unreadable list of held files: ") + problem.what());
  }
  return files;
}

}  // namespace chkpt::files
