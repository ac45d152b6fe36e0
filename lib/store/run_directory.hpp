// SPDX-License-Identifier: BSD-3-Clause
// The directory of one run: its snapshots, the generation that may commit, and a few marks.
//   GENERATION-0000000003  FINISHED  RESUMES  ORIGIN  REQUEST  LATEST  step-0000000420-1a2b3c4d/
// All files are the user's alone. Only the coordinator's rank changes anything here; the other
// ranks open it to read snapshots and to join the one being written. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/directory.hpp"
#include "base/error.hpp"
#include "store/manifest.hpp"
#include "store/snapshot_dir.hpp"
#include "store/snapshot_ref.hpp"

namespace chkpt::store {

// One incarnation of a run, from start to exit. A newer one fences this one off.
struct Generation {
  std::uint64_t number = 0;
  std::string owner;  // "job 42 (restart 1) on node3"
};

// Thrown when a newer incarnation has claimed the run: this one must not commit any more.
class Fenced : public Error {
 public:
  using Error::Error;
};

struct Finished {
  int exit_code = 0;
  std::string job;
  int restart = 0;       // how often the job had been started again when the script ended
  std::string identity;  // of script and arguments
  std::int64_t time_unix_ns = 0;
};

class RunDirectory {
 public:
  // Made with mode 0700, missing parents too. Throws UsageError if it is a symbolic link, belongs
  // to somebody else, or others may write to it; IoError if the system refuses.
  static RunDirectory open_or_create(const std::string& path);
  // The same checks for a directory that must exist.
  static RunDirectory open(const std::string& path);

  const std::string& path() const { return directory_.path(); }
  int descriptor() const { return directory_.fd(); }  // used by all of the below

  // Newest epoch first, judged by MANIFEST and file sizes only. Claim the run before choosing one.
  std::vector<SnapshotRef> snapshots() const;
  SnapshotRef snapshot(const std::string& name) const;
  // Highest epoch that was ever begun here and is still visible; the next snapshot's is above it.
  std::uint64_t highest_epoch() const;

  // Fences older incarnations: from the return on none of their unfinished snapshots can become
  // visible. `owner` is for messages.
  Generation claim(const std::string& owner);
  bool is_current(const Generation& generation) const;
  std::optional<Generation> newest_generation() const;

  // Makes the directory of a new snapshot. Throws Fenced, IoError.
  SnapshotDir begin(std::uint64_t epoch, const std::string& run_id, int nranks,
                    const Generation& generation);
  // The other ranks' way into it; waits a little for a network file system to show it.
  SnapshotDir join(const std::string& name) const;
  // Every file must be in place. The rename of MANIFEST is the commit. Throws Fenced, IoError,
  // FormatError (a file is missing or of another size); the snapshot is not visible then.
  void commit(const SnapshotDir& snapshot, Manifest manifest, const Generation& generation);
  // Removes an uncommitted snapshot; never throws, what cannot be removed goes with retain().
  void drop(const SnapshotDir& snapshot) noexcept;
  // Removes committed snapshots older than the `keep` newest good ones (suspect and damaged ones do
  // not count) and what unfinished ones left behind. `keep_epochs` are left alone. Returns names.
  std::vector<std::string> retain(int keep, const std::set<std::uint64_t>& keep_epochs);

  // A snapshot that was resumed twice without a newer commit is suspect: the next resume takes the
  // one before. commit() forgets the attempts, never a suspicion.
  void note_resume_attempt(std::uint64_t epoch);
  bool suspect(std::uint64_t epoch) const;
  void clear_resume_attempts();

  // The script starts from its beginning in this generation: earlier snapshots are never resumed
  // any more (kSuperseded) and go with the first retain() that finds a newer one committed.
  void start_afresh(const Generation& generation);

  // The script's files go back to what they were at snapshot `epoch`, which no later one fits:
  // those are never resumed any more, and go with the next retain(). Returns their epochs, newest
  // first.
  std::vector<std::uint64_t> set_newer_aside(std::uint64_t epoch, const Generation& generation);

  void mark_finished(const Finished& end);  // now; its time is not looked at
  std::optional<Finished> finished() const;
  void clear_finished();

  // Does another process, maybe on another node, see the same directory? One places a probe under a
  // name that was never used before, the others look for it; a network file system may take a
  // while.
  void place_probe(const std::string& name);
  bool sees_probe(const std::string& name) const;
  void remove_probe(const std::string& name) noexcept;

  // Was a snapshot asked for by creating the file REQUEST? Removes it.
  bool take_request();

 private:
  explicit RunDirectory(Directory directory) : directory_(std::move(directory)) {}

  std::uint64_t origin() const;  // generation of the last start_afresh, 0 if there was none
  void set_aside_unfinished(std::uint64_t generation) const;
  void require_current(const Generation& generation) const;
  bool remove_snapshot(const std::string& name) const;

  Directory directory_;
};

}  // namespace chkpt::store
