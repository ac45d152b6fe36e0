// SPDX-License-Identifier: BSD-3-Clause
// Brings the main thread to a point where its stack can be captured. Costs nothing while nothing is
// wanted: no trace or profile hook, and the one thread of ours sleeps. While a safe point is wanted
// the thread queues a pending call every millisecond; after 20 ms without success the pending call
// asks at every check of the eval breaker until the C code in the way has returned.
#pragma once

#include "python/frames/stack.hpp"

namespace chkpt::frames::safe_point {

// Main thread, GIL held, at a capturable place of the script. May release the GIL and block. It
// must leave the error indicator as it is and must not throw.
using Handler = void (*)(StackPlan&);

// Asked before the handler is called: why the script must run on a little, or "". Same conditions.
using Obstacle = std::string (*)();

// Needs the GIL, on the main thread of the main interpreter, which is then the only thread the
// handler ever runs on. A request that came before is kept. Throws IoError or PythonError.
void start(Handler handler, Obstacle obstacle = nullptr);

// Ends the thread; the handler is not called any more. Needs the GIL. Also called by the
// interpreter at exit, and replaced by "disabled" in forked children.
void stop();

void request();  // any thread, no GIL needed: wanted until the handler has run
// The same, of a C function that the script has called: its return is the safe point, and handlers
// of signals run before or after it. False: one of them has raised. Main thread, with the GIL.
bool request_for_call();
void request_from_signal();  // async-signal-safe
void cancel();               // any thread, no GIL needed: nothing is wanted any more

// Why a wanted safe point has not been reached yet, and for how long; empty and 0 if none is
// wanted. Any thread, GIL not needed; may take the GIL for a moment if `may_take_gil`.
WhyNot why_not(bool may_take_gil = true);
double waiting_s();

}  // namespace chkpt::frames::safe_point

namespace chkpt::frames {

// Checks what is assumed about the running interpreter by what it does: version, frame layout,
// stack depths, a generator taken apart and put together. Throws PythonError naming the version.
// Runs Python code: call it on the main thread right after the interpreter is initialised.
void self_test();

}  // namespace chkpt::frames
