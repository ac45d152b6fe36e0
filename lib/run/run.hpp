// SPDX-License-Identifier: BSD-3-Clause
// One run of a script from start to end: MPI, the decision between fresh start and resume, Python,
// triggers, and the order in which all of it is taken down again.
#pragma once

#include "run/config.hpp"

namespace chkpt::run {

// Returns the process's exit code, or ends the process with it (Python calls exit() after
// SystemExit). Once per process, on the main thread. Errors of our own are said in one line.
int run(const Config& config);

}  // namespace chkpt::run
