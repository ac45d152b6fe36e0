// SPDX-License-Identifier: BSD-3-Clause
// Is this pending call run by the eval breaker, that is, between two instructions of the innermost
// frame? Py_MakePendingCalls() also runs pending calls from inside C functions (lock waits, queue
// waits), where the frame's instruction is not complete. The two are told apart by the distance on
// the C stack between the eval loop and the pending call: constant for the eval breaker, learned at
// start, and never the same with other C frames in between.
#pragma once

#include "python/ref.hpp"

namespace chkpt::frames::breaker {

// Runs a few lines of Python and learns the distances. Throws PythonError if the eval breaker does
// not behave as expected. Main thread, no pending calls of ours queued.
void learn();

// To be asked by a pending call with its own __builtin_dwarf_cfa().
bool runs_between_instructions(PyThreadState* ts, const void* frame_address);

// Has `call` run at the next check of the eval breaker, and not before. A null entry in the queue
// ends the current round. To be used by a pending call only.
bool call_again_at_next_check(int (*call)(void*));

}  // namespace chkpt::frames::breaker
