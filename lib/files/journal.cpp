// SPDX-License-Identifier: BSD-3-Clause
#include "files/journal.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>
#include <utility>

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/apart_thread.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/open_descriptors.hpp"
#include "base/text.hpp"
#include "files/descriptors.hpp"
#include "files/end_watch.hpp"
#include "files/file_state.hpp"
#include "files/held_files.hpp"

namespace chkpt::files {
namespace {

Journal* g_journal = nullptr;

// The journal's own file calls come through the same wrappers.
thread_local bool t_inside = false;

class Inside {
 public:
  Inside() : errno_(errno) {}
  ~Inside() { errno = errno_; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  int errno_;
  OwnChanges own_;
};

bool leads_to(const std::string& path, const struct stat& file) {
  const auto named = examine(path);
  return named && named->st_ino == file.st_ino && named->st_dev == file.st_dev;
}

// The launch's own output is not the script's to put back.
bool may_overwrite(int flags, const struct stat& info) {
  if (!S_ISREG(info.st_mode) || (flags & O_PATH) != 0) return false;
  if ((flags & O_ACCMODE) == O_RDWR) return true;
  return (flags & O_ACCMODE) == O_WRONLY && (flags & O_APPEND) == 0 && info.st_size > 0 &&
         !descriptors::as_standard_stream(info);
}

std::int64_t system_time_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

OwnChanges::OwnChanges() noexcept : outer_(std::exchange(t_inside, true)) {}
OwnChanges::~OwnChanges() { t_inside = outer_; }

void lock_for_fork() {
  if (g_journal == nullptr) return;
  g_journal->mutex_.lock();
  g_journal->memory_mutex_.lock();
}

void unlock_after_fork() {
  if (g_journal == nullptr) return;
  g_journal->memory_mutex_.unlock();
  g_journal->mutex_.unlock();
}

struct Journal::Shared {
  std::atomic<std::uint64_t> epoch{0};
};

void set_journal(Journal* journal) {
  // A child must not find the mutex locked by a thread that it does not have.
  static const int registered =
      ::pthread_atfork([] { lock_for_fork(); }, [] { unlock_after_fork(); },
                       [] {
                         unlock_after_fork();
                         end_watch::forked();
                       });
  if (registered != 0) throw_io("cannot prepare for fork", "the file journal", registered);
  g_journal = journal;
}
Journal* journal() { return t_inside || has_own_descriptors() ? nullptr : g_journal; }

Journal::Journal(const Directory& run_directory, int rank, std::uint64_t generation,
                 std::uint64_t epoch)
    : run_path_(run_directory.path() + "/"),
      kept_(KeptFiles::open_or_create(run_directory)),
      held_(kept_.directory(), rank),
      name_(KeptFiles::journal_name(rank)),
      host_(host_name()),
      generation_(generation),
      synced_(on_shared_file_system(run_directory.path())),
      known_epoch_(epoch) {
  if (const auto real = resolve(AT_FDCWD, run_directory.path().c_str(), true)) {
    run_path_ = *real + "/";
  }
  void* const page =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw_io("cannot map memory for", name_, errno);
  shared_ = new (page) Shared;
  shared_->epoch = epoch;
  remove_orphans();
}

// Copies of a process that was killed before it noted them.
void Journal::remove_orphans() {
  std::vector<std::string> wanted;
  for (const Entry& entry : kept_.read_journal(name_).entries) {
    if (!is_held_copy(entry.kept)) continue;
    wanted.push_back(entry.kept);
    // Of the snapshot that this run goes on from: how the path was then is known.
    if (entry.epoch == known_epoch_) known_[entry.path] = Known::kAll;
  }
  held_.remove_all_but(wanted);
}

// Devices and the kernel's own files hold no state of the script; compiled modules are a cache.
// Most of what is in shared memory is the MPI library's.
bool Journal::ours(const std::string& path) const {
  if (begins_with(path, "/dev/shm/")) return !is_script_memory(path);
  for (const char* prefix : {"/proc/", "/sys/", "/dev/"}) {
    if (begins_with(path, prefix)) return true;
  }
  return begins_with(path + "/", run_path_.c_str()) ||
         (path + "/").find("/__pycache__/") != std::string::npos;
}

bool Journal::is_script_memory(const std::string& path) const {
  const std::scoped_lock lock(memory_mutex_);
  return script_memory_.count(path) != 0 ||
         std::find(mapped().begin(), mapped().end(), path) != mapped().end();
}

void Journal::touch_script_memory(const std::string& path, Change change) noexcept {
  try {
    const std::scoped_lock lock(memory_mutex_);
    script_memory_.insert(path);
  } catch (const std::exception& problem) {
    say(path, problem);
  }
  touch(AT_FDCWD, path.c_str(), change, false);
}

void Journal::touch(int dirfd, const char* path, Change change, bool follow) noexcept {
  const Inside inside;
  std::string shown;
  try {
    shown = path;
    const auto real = resolve(dirfd, path, follow);
    if (!real || ours(*real)) return;
    shown = *real;
    const std::scoped_lock lock(mutex_);
    note(*real, change);
  } catch (const std::exception& problem) {
    say(shown, problem);
  }
}

void Journal::note(const std::string& path, Change change) {
  const std::uint64_t epoch = shared_->epoch;
  if (epoch != known_epoch_) known_.clear();
  known_epoch_ = epoch;
  const auto info = examine(path);
  const bool in_place = info && S_ISREG(info->st_mode) && change != Change::kGiveUp;
  const bool keeps_bytes = change == Change::kCreate || change == Change::kMode;
  if (in_place && !keeps_bytes) kept_.part_from(*info, 1);

  const auto known = known_.find(path);
  const bool size_known = known != known_.end();
  if (size_known && known->second == Known::kAll) return;
  // An open of anything but a regular file changes nothing that could be put back.
  if (info && change == Change::kCreate) return;
  if (info && change != Change::kGiveUp && !in_place) return;
  const bool keeps_old_bytes = change == Change::kAppend || change == Change::kMode;
  if (size_known && keeps_old_bytes) return;
  if (!info && change == Change::kMode) return;

  Entry entry = describe(path);
  if (info) {
    entry.mode = info->st_mode;
    entry.mtime_ns = mtime_ns(*info);
    entry.size = static_cast<std::uint64_t>(info->st_size);
    if (S_ISLNK(info->st_mode)) {
      entry.kind = Entry::Kind::kLink;
      entry.target = link_target(path);
    } else if (S_ISDIR(info->st_mode)) {
      entry.kind = Entry::Kind::kDirectory;
    } else if (!S_ISREG(info->st_mode)) {
      return;
    } else if (keeps_old_bytes) {
      entry.kind = Entry::Kind::kSize;
    } else {
      entry.kept = keep(path, *info, change);
      entry.kind = entry.kept.empty() ? Entry::Kind::kNotKept : Entry::Kind::kKept;
    }
  }
  const bool only_size = entry.kind == Entry::Kind::kSize;
  write(std::move(entry));
  known_[path] = only_size ? Known::kSize : Known::kAll;
}

// The kept file's name, or "".
std::string Journal::keep(const std::string& path, const struct stat& info, Change change) {
  try {
    return change == Change::kGiveUp ? kept_.link_or_copy(path, info)
                                     : kept_.copy_and_link(path, info);
  } catch (const Error& problem) {
    complain(path, problem);
    return "";
  }
}

void Journal::touch_descriptor(int fd, Change change) noexcept {
  const Inside inside;
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return;
  std::string path;
  try {
    path = link_target("/proc/self/fd/" + std::to_string(fd));
    const std::scoped_lock lock(mutex_);
    if (!leads_to(path, info)) {
      kept_.part_from(info, 0);
    } else if (!ours(path)) {
      note(path, change);
    }
  } catch (const std::exception& problem) {
    say(path, problem);
  }
}

void Journal::touch_rename(int from_dirfd, const char* from, int to_dirfd,
                           const char* to) noexcept {
  const Inside inside;
  std::string shown;
  try {
    shown = from;
    const auto source = resolve(from_dirfd, from, false), target = resolve(to_dirfd, to, false);
    if (!source || !target || ours(*source) || ours(*target)) return;
    const auto info = examine(*source);
    if (!info) return;
    const std::scoped_lock lock(mutex_);
    note(*target, Change::kGiveUp);
    if (S_ISDIR(info->st_mode)) {
      note_moved_directory(*source, *target);
    } else {
      note(*source, Change::kGiveUp);
    }
  } catch (const std::exception& problem) {
    say(shown, problem);
  }
}

void Journal::note_moved_directory(const std::string& from, const std::string& to) {
  Entry entry = describe(from);
  entry.kind = Entry::Kind::kMoved;
  entry.target = to;
  write(std::move(entry));
  known_.clear();  // paths below both lead elsewhere now
}

Entry Journal::describe(const std::string& path) const {
  Entry entry;
  entry.path = path;
  const std::string folder = folder_of(path);
  if (!on_shared_file_system(folder)) entry.host = host_;
  if (const auto info = examine(folder)) entry.folder = info->st_ino;
  return entry;
}

// Opened anew each time: an open descriptor would shift the numbers that the script's files get.
void Journal::write(Entry entry, bool sync) {
  entry.generation = generation_;
  entry.epoch = shared_->epoch;
  entry.time_ns = last_time_ns_ = std::max(last_time_ns_ + 1, system_time_ns());
  const std::string line = (torn_ ? "\n" : "") + encode(entry);
  const std::string path = kept_.directory().path_of(name_);
  UniqueFd fd = kept_.directory().open_file(name_, O_WRONLY | O_CREAT | O_APPEND, 0600);
  const FileSizeSignalGuard guard;
  const ssize_t written = ::write(fd.get(), line.data(), line.size());
  if (written < 0) throw_io("cannot write", path, errno);
  torn_ = static_cast<std::size_t>(written) != line.size();
  if (torn_) throw_io("cannot write", path, ENOSPC);
  if (synced_ || sync) sync_file(fd.get(), path);
  fd.close(path);
}

void Journal::captured(std::uint64_t epoch) noexcept {
  shared_->epoch = epoch;
  keep_open_files();
}

nlink_t Journal::kept_links(const struct stat& info) const { return kept_.links_to(info); }

void Journal::resumed() noexcept { keep_open_files(); }

void Journal::keep_open_files() noexcept {
  const Inside inside;
  try {
    note_open_files();
  } catch (const std::exception& problem) {
    say("a file", problem);
  }
}

// The line is on the disk before the snapshot that counts on it is committed.
std::vector<HeldFile> Journal::hold(const std::vector<std::string>& paths, std::uint64_t epoch) {
  const Inside inside;
  shared_->epoch = epoch;
  if (paths.empty()) return {};
  const std::scoped_lock lock(mutex_);
  known_.clear();
  known_epoch_ = epoch;
  std::vector<HeldFile> copies;
  for (const std::string& path : paths) {
    copies.push_back(held_.copy(path));
    const auto info = examine(path);
    Entry entry = describe(path);
    entry.kind = Entry::Kind::kKept;
    entry.kept = copies.back().kept;
    entry.size = copies.back().size;
    if (info) {
      entry.mode = info->st_mode;
      entry.mtime_ns = mtime_ns(*info);
    }
    write(std::move(entry), true);
    known_[path] = Known::kAll;
  }
  kept_.directory().sync();
  return copies;
}

void Journal::forget_held(std::uint64_t epoch) noexcept {
  const Inside inside;
  try {
    const std::scoped_lock lock(mutex_);
    kept_.drop_entries(name_, [&](const Entry& entry) {
      return entry.generation == generation_ && entry.epoch == epoch && is_held_copy(entry.kept);
    });
    remove_orphans();
  } catch (const std::exception& problem) {
    log::error(problem.what());
  }
}

// What the script overwrites through a descriptor that it holds now, it may read back after a
// resume. One that can only write and stands at the end most likely appends: it is watched.
void Journal::note_open_files() {
  end_watch::clear();
  for (const auto& [fd, info] : open_descriptors()) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || !may_overwrite(flags, info)) continue;
    const std::string path = link_target("/proc/self/fd/" + std::to_string(fd));
    if (!leads_to(path, info) || ours(path)) continue;
    const bool at_end = ::lseek(fd, 0, SEEK_CUR) >= info.st_size;
    if ((flags & O_ACCMODE) == O_WRONLY && at_end && end_watch::add(fd, info)) continue;
    try {
      const std::scoped_lock lock(mutex_);
      note(path, Change::kOverwrite);
    } catch (const Error& problem) {
      say(path, problem);
    }
  }
}

void Journal::forget_before(std::uint64_t epoch) noexcept {
  const Inside inside;
  try {
    const std::scoped_lock lock(mutex_);
    kept_.drop_entries(name_, [&](const Entry& entry) { return entry.epoch < epoch; });
  } catch (const std::exception& problem) {
    log::error(problem.what());
  }
}

// Once per path, and not for ever: the disk may be full.
void Journal::say(const std::string& path, const std::exception& problem) noexcept {
  try {
    const std::scoped_lock lock(mutex_);
    complain(path, problem);
  } catch (...) {
    // Out of memory: nobody to tell.
  }
}

void Journal::complain(const std::string& path, const std::exception& problem) {
  if (said_.size() >= 20 || !said_.insert(path).second) return;
  log::error(path + " is being changed and cannot be put back by a resume: " + problem.what());
}

}  // namespace chkpt::files
