// SPDX-License-Identifier: BSD-3-Clause
// Capture without pickling: the script is stopped at every check of the eval breaker where its
// stack can be captured; at some of these moments the process forks, and the child, which has the
// very same objects, runs the captured stack to its end on a fresh thread. What it logs must be
// what the parent logs from that moment on.
#pragma once

#include "python/frames/stack.hpp"

#include <set>
#include <string>
#include <vector>

namespace chkpt::test {

struct Replay {
  std::string log;  // of the undisturbed run
  int captures = 0;
  int depth = 0;                  // most frames seen in a stack
  std::set<int> kinds;            // frames::Kind values met
  std::set<std::string> natives;  // names of native frames met
  std::vector<std::string> mismatches;
};

struct ReplayOptions {
  unsigned seed = 1;
  int most_captures = 60;
  double chance_if_new = 0.5;     // of capturing at a place of the program met for the first time
  double chance_if_seen = 0.001;  // met before
};

Replay replay(const std::string& source, const std::string& file, const ReplayOptions& options);

// In a forked child: runs the stack to its end on a fresh thread, then _exit()s after writing the
// log to `fd`.
[[noreturn]] void run_copy_and_exit(const frames::StackState& state, int fd);

// Forks, has the child run the stack, returns what the child logged.
std::string log_of_copy(const frames::StackState& state);

}  // namespace chkpt::test
