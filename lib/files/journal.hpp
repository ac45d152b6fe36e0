// SPDX-License-Identifier: BSD-3-Clause
// The journal of one rank: before the script changes a path for the first time after a snapshot,
// one line says how the path was. A resume takes those changes back (undo.hpp), so that a file that
// was appended to is not appended to twice and a directory that was made can be made again.
//
// A line is in the file before the change is made, by write(2): it survives the death of the
// process. On a file system shared by nodes it is fsynced too, so it survives that of the node.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/directory.hpp"
#include "files/entry.hpp"
#include "files/held_files.hpp"
#include "files/kept_files.hpp"

namespace chkpt::files {

// What is about to happen to a path.
enum class Change {
  kAppend,     // opened such that the file can only grow
  kOverwrite,  // opened for writing anywhere, or cut
  kCreate,     // made if nothing is there; what is there stays
  kMode,       // only its mode
  kGiveUp,     // the name will lead elsewhere or nowhere: unlink, rename
};

class Journal {
 public:
  // Changes below `run_path` (the run's directory) are not noted: it is chkpt's own. `epoch` is
  // that of the snapshot the run goes on from, else the highest there is. Throws as KeptFiles does.
  Journal(const Directory& run_directory, int rank, std::uint64_t generation, std::uint64_t epoch);

  // Any thread, and children that were forked. Never throws and leaves errno alone: what cannot be
  // noted is said once, and the script goes on. `follow`: the call follows a last symbolic link.
  void touch(int dirfd, const char* path, Change change, bool follow) noexcept;
  void touch_descriptor(int fd, Change change) noexcept;
  // Of a file in /dev/shm that is the script's, from now on; those of MPI libraries are not noted.
  void touch_script_memory(const std::string& path, Change change) noexcept;
  // The name `from` is given up for `to`, whatever either leads to.
  void touch_rename(int from_dirfd, const char* from, int to_dirfd, const char* to) noexcept;

  // The main thread, at a cut, when this rank's state has been captured: changes from now on come
  // after snapshot `epoch`. Files that stay open for writing are kept as they are now, or as soon
  // as something in them is about to be overwritten.
  void captured(std::uint64_t epoch) noexcept;
  // How many of the file's links are kept ones.
  nlink_t kept_links(const struct stat& info) const;

  // The main thread, before a resumed script goes on: what it holds open is as the snapshot has it,
  // was opened again without being noted, and is kept for the next resume from the same snapshot.
  void resumed() noexcept;
  // captured(), but first: these files, which the script holds open for writing, must be found as
  // they are now by a resume from this snapshot. Returns their copies, which are on the disk.
  // Throws IoError: the snapshot cannot be taken.
  std::vector<HeldFile> hold(const std::vector<std::string>& paths, std::uint64_t epoch);
  // Snapshot `epoch` will not be committed: drops what hold() has copied for it.
  void forget_held(std::uint64_t epoch) noexcept;
  // Snapshots older than `epoch` will never be resumed: what was noted before it is dropped.
  void forget_before(std::uint64_t epoch) noexcept;

 private:
  enum class Known { kSize, kAll };  // what of a path's state is in the journal already
  struct Shared;

  void note(const std::string& path, Change change);
  void note_moved_directory(const std::string& from, const std::string& to);
  void write(Entry entry, bool sync = false);
  Entry describe(const std::string& path) const;
  bool ours(const std::string& path) const;
  bool is_script_memory(const std::string& path) const;
  void keep_open_files() noexcept;
  void note_open_files();
  void remove_orphans();
  std::string keep(const std::string& path, const struct stat& info, Change change);
  void say(const std::string& path, const std::exception& problem) noexcept;
  void complain(const std::string& path, const std::exception& problem);  // the mutex is held
  friend void lock_for_fork();
  friend void unlock_after_fork();

  std::string run_path_;
  KeptFiles kept_;
  HeldFiles held_;
  std::string name_;
  std::string host_;
  std::uint64_t generation_;
  bool synced_ = false;
  Shared* shared_;  // with forked children: the epoch
  mutable std::mutex memory_mutex_;
  std::set<std::string> script_memory_;  // files in /dev/shm
  std::mutex mutex_;                     // of all below; held across fork()
  std::uint64_t known_epoch_ = 0;
  std::int64_t last_time_ns_ = 0;
  bool torn_ = false;  // the journal's last line is not whole
  std::map<std::string, Known> known_;
  std::set<std::string> said_;
};

// While one lives, what this thread does to files is chkpt's own, and below the run's directory:
// the journal is not even asked.
class OwnChanges {
 public:
  OwnChanges() noexcept;
  ~OwnChanges();
  OwnChanges(const OwnChanges&) = delete;
  OwnChanges& operator=(const OwnChanges&) = delete;

 private:
  bool outer_;
};

// The journal of this process from now on, never destroyed. No other thread may change files
// meanwhile. Throws IoError.
void set_journal(Journal* journal);
// Null: there is none, this thread is inside of it, or what the thread does to files is chkpt's
// own.
Journal* journal();

}  // namespace chkpt::files
