// SPDX-License-Identifier: BSD-3-Clause
// Tells when a frame is left, at no cost until then. Needs the GIL. Include shim.hpp before.
#pragma once

#include "python/frames/stack.hpp"

namespace chkpt::frames::return_watch {

// Calls `left` once when `frame`, which this thread runs, has returned or been unwound; Python code
// must not run in it. False: the frame cannot be watched (a generator's, one that is being traced
// or that others refer to), or another one is, which may have been left without a word since
// somebody keeps its object.
bool watch(PyThreadState* ts, _PyInterpreterFrame* frame, void (*left)());

// What is watched is no longer.
void forget();

}  // namespace chkpt::frames::return_watch
