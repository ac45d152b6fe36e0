// SPDX-License-Identifier: BSD-3-Clause
// A snapshot that is committed can still be one that no resume can use, and nobody would know
// before the run is lost. So one snapshot of a run is loaded back as a trial, when the run has
// lasted long enough for that to cost little. Whatever comes of it, the snapshot stays: it is the
// only one there is, and what keeps a process of its own from loading it (memory, a license, a
// device) need not keep a resume from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cut/agent.hpp"
#include "run/config.hpp"

namespace chkpt::run {

class Trial {
 public:
  using Clock = std::chrono::steady_clock;

  // A run that was itself resumed has had its trial. Borrowed for the life of the process.
  Trial(const Config& config, bool is_resumed);

  // Of this snapshot, on this rank: on the first and the last one, which are seldom alike.
  bool is_due(const cut::CutInfo& info) const;
  // Main thread, when all ranks stand and this rank's file is written. Does nothing unless due; the
  // other ranks wait then. Given up when a signal asks the
  // run to stop. Says what comes out. Returns how long it took.
  Clock::duration written(const cut::CutInfo& info, std::uint64_t epoch, const std::string& file);

 private:
  const Config& config_;
  const Clock::time_point begun_ = Clock::now();
  bool is_over_;
};

}  // namespace chkpt::run
