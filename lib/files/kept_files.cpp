// SPDX-License-Identifier: BSD-3-Clause
#include "files/kept_files.hpp"

#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "files/file_state.hpp"
#include "files/held_files.hpp"

namespace chkpt::files {
namespace {

constexpr char kFolderName[] = "files";
constexpr char kPartSuffix[] = ".part";
constexpr char kFileSuffix[] = ".file";  // of a link to the file that a copy was made of
constexpr std::size_t kPiece = 1 << 20;
constexpr std::size_t kLongestJournal = std::size_t{1} << 30;

void require_own(const struct stat& info, const std::string& path) {
  if (info.st_uid != ::geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    throw FormatError(path + ": others than its user may write to it");
  }
}

void copy_contents(int from, const std::string& from_path, int to, const std::string& to_path) {
  std::string piece(kPiece, '\0');
  std::uint64_t offset = 0;
  for (;;) {
    const ssize_t got = ::pread(from, piece.data(), piece.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_io("cannot read", from_path, errno);
    if (got == 0) return;
    const auto size = static_cast<std::size_t>(got);
    write_all(to, ByteView(std::string_view(piece.data(), size)), offset, to_path);
    offset += size;
  }
}

void set_mode(const Entry& entry, mode_t mode) {
  if (::chmod(entry.path.c_str(), mode & 07777) != 0)
    throw_io("cannot restore the mode of", entry.path, errno);
}

UniqueFd open_for_reading(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) throw_io("cannot read", path, errno);
  return fd;
}

// To open and close a file once more gives up the range locks that this process has on it
// (fcntl(2)): what is open is read through its own descriptor.
std::string read_contents(const std::string& path, const struct stat& info) {
  const Opened opened = opened_here(info);
  if (opened.range_locked)
    throw_io("cannot keep, without losing the script's lock on it,", path, EBUSY);
  std::string contents(static_cast<std::size_t>(info.st_size), '\0');
  UniqueFd own;
  if (opened.readable < 0) own = open_for_reading(path);
  read_all(own ? own.get() : opened.readable, contents.data(), contents.size(), 0, path);
  return contents;
}

}  // namespace

KeptFiles KeptFiles::open_or_create(const Directory& run_directory) {
  run_directory.create_child(kFolderName, 0700);
  Directory directory = run_directory.open_child(kFolderName);
  require_own(directory.stat(), directory.path());
  return KeptFiles(std::move(directory));
}

Directory KeptFiles::folder(const std::string& run_path) {
  Directory directory = Directory::open(run_path).open_child(kFolderName);
  require_own(directory.stat(), directory.path());
  return directory;
}

// Forked children keep files too, so the process is part of the name.
std::string KeptFiles::unused_suffix() {
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return std::to_string(::getpid()) + "-" + std::to_string(now);
}

std::string KeptFiles::new_name() {
  return "kept-" + unused_suffix() + "-" + std::to_string(++count_);
}

std::string KeptFiles::copy(const std::string& path, const struct stat& info) {
  if (static_cast<std::uint64_t>(info.st_size) > kLargestCopy) return "";
  const std::string contents = read_contents(path, info);
  const std::string name = new_name();
  PendingFile file(directory_, name);
  file.append(ByteView(std::string_view(contents)));
  file.publish(0600, PendingFile::Durability::kHint);
  return name;
}

// Other names lead to the file, which are to see it as it was too.
std::string KeptFiles::copy_and_link(const std::string& path, const struct stat& info) {
  std::string name = copy(path, info);
  if (!name.empty() && info.st_nlink > 1)
    (void)::linkat(AT_FDCWD, path.c_str(), directory_.fd(), (name + kFileSuffix).c_str(), 0);
  return name;
}

std::string KeptFiles::link_or_copy(const std::string& path, const struct stat& info) {
  const std::string name = new_name();
  if (::linkat(AT_FDCWD, path.c_str(), directory_.fd(), name.c_str(), 0) == 0) return name;
  return copy(path, info);
}

void KeptFiles::part_from(const struct stat& info, nlink_t names) {
  if (info.st_nlink <= names) return;
  for (const std::string& name : directory_.names()) {
    const auto kept = directory_.stat(name);
    if (!kept || kept->st_ino != info.st_ino || kept->st_dev != info.st_dev) continue;
    if (ends_with(name, kFileSuffix)) continue;
    const std::string own = copy(directory_.path_of(name), info);
    if (own.empty()) {
      directory_.unlink(name);  // a restore will say that it is missing
    } else {
      directory_.rename(name, name + kFileSuffix);
      directory_.rename(own, name);
    }
  }
}

nlink_t KeptFiles::links_to(const struct stat& info) const {
  nlink_t count = 0;
  for (const std::string& name : directory_.names()) {
    const auto kept = directory_.stat(name);
    if (kept && kept->st_ino == info.st_ino && kept->st_dev == info.st_dev) ++count;
  }
  return count;
}

// What other names lead to, or led to, is the file itself: it gets its name back. So does a copy
// whose place is free. Copies of files held open are part of their snapshot, and stay apart.
bool KeptFiles::link_back(const Entry& entry, const std::optional<struct stat>& there) const {
  const auto kept = directory_.stat(entry.kept);
  if (!kept) throw_io("cannot restore", entry.path, ENOENT);
  if (is_held_copy(entry.kept)) return false;
  const bool same = there && kept->st_ino == there->st_ino && kept->st_dev == there->st_dev;
  if (!same) {
    if (there && kept->st_nlink == 1) return false;
    if (there && ::unlink(entry.path.c_str()) != 0) throw_io("cannot remove", entry.path, errno);
    if (::linkat(directory_.fd(), entry.kept.c_str(), AT_FDCWD, entry.path.c_str(), 0) != 0)
      return false;
  }
  set_mode(entry, kept->st_mode | S_IWUSR);
  if (kept->st_size != static_cast<off_t>(entry.size) &&
      ::truncate(entry.path.c_str(), static_cast<off_t>(entry.size)) != 0) {
    throw_io("cannot restore the size of", entry.path, errno);
  }
  set_mode(entry, entry.mode);
  return true;
}

// The file that a copy was made of gets its name back, whatever it holds now.
bool KeptFiles::file_is_back(const Entry& entry) const {
  const std::string name = entry.kept + kFileSuffix;
  const auto file = directory_.stat(name);
  if (!file) return false;
  const auto there = examine(entry.path);
  if (there && there->st_ino == file->st_ino && there->st_dev == file->st_dev) return true;
  if (there && ::unlink(entry.path.c_str()) != 0) throw_io("cannot remove", entry.path, errno);
  return ::linkat(directory_.fd(), name.c_str(), AT_FDCWD, entry.path.c_str(), 0) == 0;
}

void KeptFiles::restore(const Entry& entry) const {
  const std::string& path = entry.path;
  const bool is_back = file_is_back(entry);
  const auto there = examine(path);
  if (!is_back && link_back(entry, there)) return;
  // What is kept of another path must not change with it.
  if (!is_back && there && links_to(*there) > 0 && ::unlink(path.c_str()) != 0)
    throw_io("cannot remove", path, errno);
  if (there) (void)::chmod(path.c_str(), there->st_mode | S_IWUSR);
  const UniqueFd from = directory_.open_file(entry.kept, O_RDONLY);
  UniqueFd to(::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  if (!to) throw_io("cannot restore", path, errno);
  copy_contents(from.get(), directory_.path_of(entry.kept), to.get(), path);
  if (::ftruncate(to.get(), static_cast<off_t>(entry.size)) != 0) {
    throw_io("cannot restore the size of", path, errno);
  }
  if (::fchmod(to.get(), entry.mode & 07777) != 0) {
    throw_io("cannot restore the mode of", path, errno);
  }
  to.close(path);
}

Lines KeptFiles::read_journal(const std::string& name) const {
  const auto fd = directory_.open_file_if_there(name, O_RDONLY);
  if (!fd) return {};
  const std::string path = directory_.path_of(name);
  struct stat info {};
  if (::fstat(fd->get(), &info) != 0) throw_io("cannot examine", path, errno);
  require_own(info, path);
  return decode_all(read_text(*fd, path, kLongestJournal));
}

std::vector<std::string> KeptFiles::names_with(const char* prefix) const {
  std::vector<std::string> found;
  for (const std::string& name : directory_.names()) {
    const bool part = name.find(kPartSuffix) != std::string::npos;
    if (!part && begins_with(name, prefix)) found.push_back(name);
  }
  return found;
}

void KeptFiles::drop_entries(const std::string& name,
                             const std::function<bool(const Entry&)>& unwanted) {
  const Lines lines = read_journal(name);
  std::string text;
  std::vector<std::string> dropped;
  bool changed = lines.damaged;
  for (const Entry& entry : lines.entries) {
    if (!unwanted(entry)) {
      text += encode(entry);
      continue;
    }
    changed = true;
    if (!entry.kept.empty()) dropped.push_back(entry.kept);
  }
  if (!changed) return;
  directory_.unlink(name + kPartSuffix);  // of a process that was killed here
  PendingFile file(directory_, name);
  file.append(ByteView(std::string_view(text)));
  file.publish(0600, PendingFile::Durability::kHint);
  for (const std::string& kept : dropped) {
    directory_.unlink(kept);
    directory_.unlink(kept + kFileSuffix);
  }
}

void KeptFiles::clear() {
  for (const std::string& name : directory_.names()) directory_.unlink(name);
}

}  // namespace chkpt::files
