// SPDX-License-Identifier: BSD-3-Clause
// Rank 0's eye on the batch job around the run: when the last snapshot before the time limit is
// due, the job's comment, and the request to be started again. Outside a Slurm job it does nothing.
// Slurm is asked by commands that run beside the script; nobody ever waits for them but leave().
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "run/command.hpp"
#include "run/config.hpp"
#include "run/deadline.hpp"
#include "run/job.hpp"

namespace chkpt::run {

class JobWatch {
 public:
  // Both are borrowed.
  JobWatch(const Config& config, const Job& job);

  // Asks for the job's end, once; poll() finds the answer.
  void begin();
  // Once a second, from one thread: true when the last snapshot is due, once.
  bool poll();
  // Any thread: a snapshot was committed; it took `seconds` from the request on.
  void committed(std::uint64_t epoch, std::uint64_t bytes, double seconds);
  // All ranks have saved and are about to go.
  void leave();

 private:
  using Clock = std::chrono::steady_clock;

  void ask();
  bool answered();
  bool take_answer(const CommandResult& answer);
  void poll_comment();
  void say_plan(const std::string& before) const;

  const Config& config_;
  const Job& job_;
  std::mutex mutex_;  // of all below
  Deadline deadline_;
  std::unique_ptr<Command> question_;
  Clock::time_point asked_at_;
  bool last_is_due_ = false;  // the question is whether the end was moved meanwhile
  bool stopping_ = false;
  std::unique_ptr<Command> comment_;
  std::string next_comment_;
  bool comment_refused_ = false;
};

}  // namespace chkpt::run
