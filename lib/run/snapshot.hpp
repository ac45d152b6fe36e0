// SPDX-License-Identifier: BSD-3-Clause
// What one rank does for a snapshot: while all ranks stand at a cut it captures and stages its
// state; then it writes it, most often while the script runs on already; rank 0 commits. A failure
// anywhere drops the snapshot on all ranks; the script goes on.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cut/agent.hpp"
#include "python/heap/save.hpp"
#include "run/config.hpp"
#include "run/dry_run.hpp"
#include "run/job.hpp"
#include "run/job_watch.hpp"
#include "run/messages.hpp"
#include "run/meta.hpp"
#include "run/retry.hpp"
#include "run/script_files.hpp"
#include "run/snapshot_files.hpp"
#include "run/standard_output.hpp"
#include "run/start.hpp"
#include "run/trial.hpp"
#include "store/manifest.hpp"
#include "store/staging.hpp"

namespace chkpt::run {

class SnapshotWork final : public cut::Work {
 public:
  // All are borrowed for the life of the process. `thread` is for what is done to the run's
  // directory while the script runs; null if there can be none.
  SnapshotWork(const Config& config, const Program& program, const Job& job, Start& start,
               const StandardOutput& output, DryRun& dry_run, cut::Agent& agent,
               ApartThread* thread);

  cut::Report capture(const cut::CutInfo& info) override;
  cut::Report write(const cut::CutInfo& info) override;
  void write_behind(const cut::CutInfo& info,
                    const std::function<void(const cut::Report&)>& done) override;
  cut::Report commit(const cut::CutInfo& info, const std::vector<cut::Report>& reports) override;
  void tidy() override;
  void committed(const cut::CutInfo& info, bool ok, const std::string& message) override;
  [[noreturn]] void leave(const cut::CutInfo& info) override;
  void skipped(const cut::Trigger& trigger, const std::string& message) override;
  void waiting(const std::string& message) override;

  // Coordinator thread, once a second: is there a request file? Also asks again for what failed:
  // open files and half-read iterators are often gone a moment later.
  bool poll_request();
  // The same, for cut::Config::poll_end: has a newer start of this run taken over? Two of them at
  // work on the same files would spoil them for both.
  int poll_end();

  // Rank 0, before the script runs: asks Slurm for the job's time limit.
  void watch_job() { watch_.begin(); }

  // What --torture has found on this rank so far; any thread.
  struct Torture {
    std::uint64_t checked = 0;  // snapshots that were loaded back
    std::uint64_t differ = 0;
  };
  Torture torture() const { return {checked_, differ_}; }
  const std::string& first_difference() const { return first_difference_; }  // main thread

  // Any thread.
  std::uint64_t last_committed_epoch() const { return last_committed_; }

 private:
  using Clock = std::chrono::steady_clock;

  std::uint64_t epoch_of(const cut::CutInfo& info) const {
    return start_.base_epoch + info.attempt;
  }
  store::Identity identity_of(const cut::CutInfo& info) const;
  std::string prepare_script();
  store::Staged capture_state(const cut::CutInfo& info);
  bool must_stand(const cut::CutInfo& info);
  heap::Pickled pickle(const cut::CutInfo& info, std::vector<frames::FrameLine>* lines);
  heap::Pickled pickle_tracked();
  store::Manifest make_manifest(const cut::CutInfo& info, const std::vector<cut::Report>& reports);
  void say_skipped(const std::string& text);
  void try_again(const cut::Trigger& trigger, double took_s);
  std::string verify(const std::string& file);
  void die_if_due();
  void give_way();

  const Config& config_;
  const Program& program_;
  const Job& job_;
  Start& start_;
  const StandardOutput& output_;
  DryRun& dry_run_;
  cut::Agent& agent_;
  SnapshotFiles files_;
  NeededNotes notes_;
  JobWatch watch_;  // rank 0
  Trial trial_;

  // Of the snapshot in progress.
  std::optional<store::Staged> staged_;
  Clock::time_point stopped_at_;
  Clock::time_point write_began_;
  double blocked_s_ = 0;  // of the script; if it has run on since
  Clock::duration trial_took_{};
  double saved_after_s_ = 0;  // captured and written; loading back comes after that
  std::atomic<std::uint64_t> bytes_{0};

  std::atomic<std::uint64_t> last_committed_{0};
  std::atomic<bool> fenced_{false};  // rank 0
  std::atomic<std::uint64_t> checked_{0}, differ_{0};
  std::string first_difference_;
  std::uint64_t commits_to_live_ = 0;  // --torture MS:kill; 0: for ever
  std::mutex mutex_;                   // of the rest: main thread and coordinator thread
  Retry retry_;
};

}  // namespace chkpt::run
