// SPDX-License-Identifier: BSD-3-Clause
// Opening a run's directory, listing its snapshots, writing and committing one. Generations are in
// generation.cpp, retention in retention.cpp, the small marks in run_marks.cpp.
#include "store/run_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "base/file.hpp"
#include "store/h5/layout.hpp"
#include "store/trust.hpp"

namespace chkpt::store {
namespace {

constexpr mode_t kCommittedMode = 0400;
constexpr char kLatestName[] = "LATEST";
constexpr char kMasterName[] = "checkpoint.h5";
// How long a network file system may take to show another node a new directory.
constexpr auto kVisibleWithin = std::chrono::seconds(15);
constexpr auto kLookAgainAfter = std::chrono::milliseconds(20);

std::string absolute(const std::string& path) {
  if (path.empty()) throw UsageError("the checkpoint directory has no name");
  if (path.front() == '/') return path;
  char* const here = ::getcwd(nullptr, 0);
  if (here == nullptr) throw_io("cannot find the current directory for", path, errno);
  const std::string result = std::string(here) + "/" + path;
  ::free(here);
  return result;
}

// The script may change its directory, so paths are made absolute once. Missing parents are the
// user's alone too.
void make_with_parents(const std::string& path) {
  for (std::size_t at = 1; at != std::string::npos;) {
    at = path.find('/', at);
    const std::string part = path.substr(0, at);
    if (at != std::string::npos) ++at;
    if (::mkdir(part.c_str(), 0700) == 0 || errno == EEXIST) continue;
    // Automounters and read-only parents answer otherwise for what exists.
    struct stat info {};
    const int error = errno;
    if (::stat(part.c_str(), &info) != 0) throw_io("cannot create directory", part, error);
  }
}

Directory open_trusted(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) throw_io("cannot open directory", path, errno);
  if (S_ISLNK(info.st_mode)) {
    throw UsageError(path + ": a symbolic link; name the directory it leads to");
  }
  if (!S_ISDIR(info.st_mode)) throw UsageError(path + ": not a directory");
  Directory directory = Directory::open(path);
  try {
    require_own_directory(directory.stat(), path);
  } catch (const FormatError& error) {
    throw UsageError(error.what());
  }
  return directory;
}

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

void make_rank_folders(const Directory& directory, int nranks) {
  std::string last;
  for (int rank = 0; rank < nranks; ++rank) {
    const std::string folder = rank_subdirectory(rank, nranks);
    if (folder != last) directory.create_child(folder, 0700);
    last = folder;
  }
}

void require_written(const Directory& directory, const Manifest& manifest) {
  for (const RankFileInfo& file : manifest.files) {
    const auto info = directory.stat(file.name);
    if (!info || static_cast<std::uint64_t>(info->st_size) != file.size) {
      throw FormatError(directory.path_of(file.name) + ": not in place at the commit");
    }
  }
}

// Only a hint for people and scripts: a resume never reads it, so failing is no failure.
void write_latest(const Directory& directory, const std::string& name) {
  try {
    directory.unlink(std::string(kLatestName) + ".part");
    PendingFile file(directory, kLatestName);
    file.append(ByteView(std::string_view(name + "\n")));
    file.publish(0600, PendingFile::Durability::kHint);
  } catch (const IoError&) {
  }
}

}  // namespace

RunDirectory RunDirectory::open_or_create(const std::string& path) {
  const std::string full = without_trailing_slashes(absolute(path));
  make_with_parents(full);
  return RunDirectory(open_trusted(full));
}

RunDirectory RunDirectory::open(const std::string& path) {
  return RunDirectory(open_trusted(without_trailing_slashes(absolute(path))));
}

std::vector<SnapshotRef> RunDirectory::snapshots() const {
  const std::uint64_t first_generation = origin();
  std::vector<SnapshotRef> found;
  for (const std::string& name : directory_.names()) {
    std::uint64_t epoch = 0;
    if (!parse_snapshot_name(name, &epoch)) continue;
    found.push_back(snapshot(name));
    SnapshotRef& ref = found.back();
    if (ref.state == SnapshotState::kCommitted && ref.manifest.generation < first_generation) {
      ref.state = SnapshotState::kSuperseded;
      ref.reason = "the script was started from its beginning since";
    }
  }
  // Newest means the highest epoch, whatever the clocks said.
  std::sort(found.begin(), found.end(), [](const SnapshotRef& a, const SnapshotRef& b) {
    if (a.epoch != b.epoch) return a.epoch > b.epoch;
    return a.manifest.generation > b.manifest.generation;
  });
  return found;
}

SnapshotRef RunDirectory::snapshot(const std::string& name) const {
  return inspect_snapshot(directory_.path_of(name));
}

SnapshotDir RunDirectory::begin(std::uint64_t epoch, const std::string& run_id, int nranks,
                                const Generation& generation) {
  require_current(generation);
  const std::string name = snapshot_name(epoch, run_id, generation.number);
  if (!directory_.create_child(name, 0700)) {
    // Left by a drop() that failed; a committed one is never written again.
    if (snapshot(name).state == SnapshotState::kCommitted || !remove_snapshot(name) ||
        !directory_.create_child(name, 0700)) {
      throw IoError("cannot create directory " + directory_.path_of(name) + ": it exists already",
                    EEXIST);
    }
  }
  try {
    Directory directory = directory_.open_child(name);
    make_rank_folders(directory, nranks);
    // commit() makes the new names durable; until then there is nothing to lose.
    return {std::move(directory), name, epoch};
  } catch (const IoError&) {
    remove_snapshot(name);
    throw;
  }
}

SnapshotDir RunDirectory::join(const std::string& name) const {
  std::uint64_t epoch = 0;
  if (!parse_snapshot_name(name, &epoch)) throw Error("not a snapshot's name: '" + name + "'");
  const auto give_up = std::chrono::steady_clock::now() + kVisibleWithin;
  for (;;) {
    try {
      return {directory_.open_child(name), name, epoch};
    } catch (const IoError& error) {
      if (error.errno_value() != ENOENT || std::chrono::steady_clock::now() > give_up) throw;
    }
    std::this_thread::sleep_for(kLookAgainAfter);
  }
}

void RunDirectory::commit(const SnapshotDir& snapshot, Manifest manifest,
                          const Generation& generation) {
  require_current(generation);
  manifest.generation = generation.number;
  const Directory& directory = snapshot.directory();
  require_written(directory, manifest);
  {
    // Both are there before the first fsync: most file systems make new files durable together.
    const Bytes master_bytes =
        h5::make_master({manifest.run_id, manifest.epoch, 0, manifest.nranks});
    const std::string text = format_manifest(manifest);
    PendingFile master(directory, kMasterName);
    PendingFile file(directory, kManifestName);
    master.append(master_bytes);
    file.append(ByteView(std::string_view(text)));
    master.publish(kCommittedMode);
    file.flush(kCommittedMode);
    directory.sync();  // the rank files' names are durable before the MANIFEST speaks of them
    require_current(generation);
    file.publish(kCommittedMode);  // the commit
  }
  try {
    directory.sync();
    directory_.sync();
  } catch (const IoError&) {
    directory.unlink(kManifestName);
    throw;
  }
  write_latest(directory_, snapshot.name());
  try {
    clear_resume_attempts();
  } catch (const Error&) {
    // Too many noted attempts only make the next resume more careful.
  }
}

}  // namespace chkpt::store
