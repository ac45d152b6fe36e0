// SPDX-License-Identifier: BSD-3-Clause
// The two steps of a round trip, each in a process of its own, and how a test starts them.
#pragma once

#include <string>

namespace chkpt::heap_test {

// Runs `script` as __main__, then check() of it, then saves to `file`. Exit code of the step.
int save_step(const std::string& script, const std::string& file);
// Loads `file` in this process, saves what came of it to `again` unless that is empty, then runs
// check().
int load_step(const std::string& file, const std::string& again);
// Runs `script`, expects save() to refuse and prints its message.
int refuse_step(const std::string& script);

struct Outcome {
  int exit_code;
  std::string output;  // standard output and error
};
Outcome run_self(const std::string& step, const std::string& first, const std::string& second = "");

}  // namespace chkpt::heap_test
