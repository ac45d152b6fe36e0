// SPDX-License-Identifier: BSD-3-Clause
// Runs a chain of filled frames: the innermost first, each result handed to its caller the way the
// instruction that called would have done it.
#pragma once

#include "python/ref.hpp"

#include <vector>

struct _PyInterpreterFrame;

namespace chkpt::frames {

struct NativeCode;

struct PendingFrame {
  _PyInterpreterFrame* frame;
  Ref generator;  // whose frame it is; null: the frame is on the thread's data stack
  Ref extra;
  Ref natives;  // list of those that wait between it and its callee; null: none
  int kind;
  int next;
  int jump;
  const NativeCode* going_on = nullptr;  // the native frame that runs on its behalf
};

// Outermost first. New reference to the outermost frame's result, or null with a Python exception.
// `base_exception`: what the outermost code was handling, or None; it is gone when that code leaves
// it.
PyObject* drive(std::vector<PendingFrame> frames, Ref base_exception);

// A resumed frame that still waits for its callee: no C code waits on its behalf, so the next
// snapshot takes it as it was resumed. Null: not such a frame.
const PendingFrame* find_pending(const _PyInterpreterFrame* frame);

// asyncio is at the end of a task's step on behalf of such a frame, which is no more one of them
// and not yet running.
bool is_ending_a_step();

// Puts a frame whose callee is running at its call, given the instruction after it.
void stand_at_call(_PyInterpreterFrame* frame, int next);

}  // namespace chkpt::frames
