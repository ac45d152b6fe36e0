// SPDX-License-Identifier: BSD-3-Clause
// The contents of a frame as Python objects and back. An empty slot is null_marker().
#pragma once

#include "python/ref.hpp"

struct _PyInterpreterFrame;

namespace chkpt::frames {

inline PyObject* or_none(PyObject* object) { return object ? object : Py_None; }
Ref slots_to_list(PyObject** slots, int n);  // throws PythonError
PyObject* slot_from_item(PyObject* item);    // new reference; null for an empty slot

// One entry of StackState::frames. Throws PythonError.
struct FramePlan;
Ref describe_frame(const FramePlan& plan);

// Gives an empty frame, whose code is set, its function, locals and value stack. Borrowed items of
// a StackState entry or of a generator's state. -1 with a Python exception if the shapes differ.
struct FrameContents {
  PyObject* function;
  PyObject* locals_dict;
  PyObject* locals;
  PyObject* stack;
};
int fill_frame(_PyInterpreterFrame* frame, const FrameContents& contents);

// What a script may have set on the frame object of a frame that has not returned; None if there is
// no such object, or nothing was set.
Ref frame_object_state(_PyInterpreterFrame* frame);  // throws PythonError
int restore_frame_object(_PyInterpreterFrame* frame, PyObject* state_or_none);

}  // namespace chkpt::frames
