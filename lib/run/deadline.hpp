// SPDX-License-Identifier: BSD-3-Clause
// When the last snapshot before the job's time limit has to begin, so that it is committed and the
// ranks are gone in time. Numbers only: no clock, no Slurm, no threads. Times are Unix seconds.
//
// A snapshot takes as long as the slowest one so far, and the next may be slower: twice that is set
// aside, and the margin on top of it. Before the first snapshot nothing is known and a tenth of the
// time that is left is set aside, one minute at most.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace chkpt::run {

class Deadline {
 public:
  // Without an end there is nothing to plan.
  Deadline(std::optional<std::int64_t> end_s, std::int64_t now_s, double margin_s)
      : end_s_(end_s), started_s_(now_s), margin_s_(margin_s) {}

  // How long a snapshot took from the request to the commit.
  void note_snapshot(double seconds);
  // The job's limit was changed.
  void move_end(std::optional<std::int64_t> end_s) { end_s_ = end_s; }

  std::optional<std::int64_t> end() const { return end_s_; }
  // When the last snapshot has to begin.
  std::optional<std::int64_t> start_of_last() const;
  bool due(std::int64_t now_s) const;

  // "the job ends at 14:00:00; last snapshot at 13:58:50 (10 s for it, 60 s margin)"
  std::string text(std::int64_t now_s) const;

 private:
  double set_aside_s() const;

  std::optional<std::int64_t> end_s_;
  std::int64_t started_s_;
  double margin_s_;
  double slowest_s_ = 0;
  bool measured_ = false;
};

}  // namespace chkpt::run
