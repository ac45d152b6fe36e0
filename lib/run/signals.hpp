// SPDX-License-Identifier: BSD-3-Clause
// SIGUSR1, SIGUSR2 and SIGTERM mean: take a snapshot, then stop with exit code 75. A script that
// installs a handler of its own for one of them keeps it: its wish comes first.
#pragma once

#include "cut/agent.hpp"
#include "run/config.hpp"

namespace chkpt::run {

// After Python is initialised (it must have seen the default dispositions) and before the script
// runs. `agent` is borrowed for the life of the process. Forked children get the defaults back.
void install_signal_triggers(const Config& config, cut::Agent& agent);

// Whether one of them has come to this rank. Any thread.
bool stop_was_signalled();

}  // namespace chkpt::run
