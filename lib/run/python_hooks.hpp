// SPDX-License-Identifier: BSD-3-Clause
// The bridges between the script and the cut: safe points and blocked MPI calls on one side, the
// functions of the module `chkpt` on the other.
#pragma once

#include <cstdint>

#include "cut/agent.hpp"
#include "run/config.hpp"
#include "run/snapshot.hpp"

namespace chkpt::run {

cut::PythonHooks make_python_hooks();

// What the agent is told for -f MS: 0 means as often as possible, -1 no timer.
double interval_seconds(std::int64_t frequency_ms);

// Needs the GIL. `agent` and `work` are borrowed for the life of the process.
void connect_script(const Config& config, cut::Agent& agent, const SnapshotWork& work,
                    const Start& start);

}  // namespace chkpt::run
