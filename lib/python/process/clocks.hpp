// SPDX-License-Identifier: BSD-3-Clause
// The clocks of the script, which go on from where they stood at the snapshot.
#pragma once

namespace chkpt::process {

// What time.monotonic_ns() would say to the script; does not set clocks going that stand after a
// resume. Needs the GIL.
long long script_clock_ns();
// As if somebody had asked for the time: from now on it passes.
void start_script_clock();

}  // namespace chkpt::process
