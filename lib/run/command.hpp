// SPDX-License-Identifier: BSD-3-Clause
// One short command of the batch system (squeue, scontrol), run without a shell, with a time limit,
// and unseen by the script: it is a grandchild, so its end raises no SIGCHLD here and the script's
// own wait() never meets it. The price is that its exit code is not known: such commands say what
// is wrong, and nothing when nothing is.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"

namespace chkpt::run {

struct CommandResult {
  bool ended = false;  // by itself, within the time limit
  std::string output;  // standard output and error, without the last newline
};

class Command {
 public:
  // Starts it. Any thread. One that cannot be started ends with the reason as output.
  explicit Command(std::vector<std::string> arguments);
  ~Command();  // kills it if it still runs
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  // The result if it has ended. Never blocks.
  std::optional<CommandResult> poll();
  // Waits; when the time is over, or `give_up` is there and says so, kills it.
  CommandResult wait(std::chrono::milliseconds limit, bool (*give_up)() = nullptr);

 private:
  bool read_output();
  void kill_it();

  UniqueFd pid_fd_;
  UniqueFd output_fd_;  // open while the command runs
  CommandResult result_;
};

}  // namespace chkpt::run
