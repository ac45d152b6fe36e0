// SPDX-License-Identifier: BSD-3-Clause
// What a thread other than the main one is doing. Needs the GIL, which the thread then has not.
#pragma once

#include "python/ref.hpp"

#include "python/frames/stack.hpp"

namespace chkpt::frames {

// The C function that the thread is inside, if that has not returned yet; in *code the code object
// of the frame that called it. All borrowed; null if there is none.
BlockedCallable call_in_thread(unsigned long ident, PyObject** code);

// "fit.py:88 in work": the innermost frame; "" if there is none.
std::string place_in_thread(unsigned long ident);

// A frame that has not returned as frame_get() describes those that have: what it looks like now.
PyObject* running_frame_get(PyObject* frame);

}  // namespace chkpt::frames
