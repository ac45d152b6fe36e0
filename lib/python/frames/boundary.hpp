// SPDX-License-Identifier: BSD-3-Clause
// The C code between a frame and the frame it has called, as the files boundary*.cpp look at it.
// Include shim.hpp before. Needs the GIL; no Python code runs.
#pragma once

#include "python/frames/chain.hpp"

#include <string>
#include <vector>

namespace chkpt::frames {

struct NativeCode;

// One boundary under examination.
struct Boundary {
  _PyInterpreterFrame* frame;
  const CodeAnalysis& code;
  _PyInterpreterFrame* callee;
  FramePlan* plan;
  int at;              // the instruction that called
  int depth;           // values on the stack before it
  PyObject** base;     // the frame's value stack
  PyObject* function;  // the callee's
};

inline bool refuse(std::string* reason, std::string text) {
  *reason = std::move(text);
  return false;
}

// What its class has under this name. Borrowed.
PyObject* type_attribute(PyObject* object, const char* name);
// A member of a C type. Borrowed, kept alive by its owner.
PyObject* member(PyObject* object, const char* name);

// What a call of `c` comes down to by nothing but tail calls. Borrowed.
PyObject* tail_callee(PyObject* c);
bool is_partial(PyObject* callable);  // a functools.partial of C
bool is_builtin(PyObject* c, const char* name);

// A call on the value stack.
struct PlannedCall {
  PyObject* callable = nullptr;  // borrowed
  int slot = 0;                  // its place
  int self = -1;                 // slot of what a method is called on
  int arguments = -1;            // how many, if they are all positional and on the stack
  PyObject** first = nullptr;    // of these
};
// What it is called with, as a tuple and a dict (null: no keywords). False: that cannot be told.
// Throws PythonError.
bool call_arguments(const Boundary& b, const PlannedCall& call, Ref* arguments, Ref* keywords);
// Reads it and plans the frame to stand behind it. False: its shape is not known.
bool read_call(const Boundary& b, PlannedCall* call, std::string* reason);
bool is_call(int opcode);

bool plan_call(const Boundary& b, std::string* reason);
// next(generator), next(generator, default), generator.send(value).
bool plan_next(const Boundary& b, const PlannedCall& call, std::string* reason);
// next(iterator), next(iterator, default) where __next__ is written in Python.
bool plan_python_next(const Boundary& b, const PlannedCall& call);
bool plan_iteration(const Boundary& b, std::string* reason);

// What next(iterator) or next(iterator, default) advances; null: another call. Borrowed.
PyObject* advanced_by_next(const PlannedCall& call);
void plan_as_next(const Boundary& b, const PlannedCall& call);
// What FOR_ITER or SEND advances. Borrowed; may be null.
PyObject* advanced_by_instruction(const Boundary& b);
void plan_as_iteration(const Boundary& b, Kind kind);

// Is the callee the __next__ of this iterator's class?
bool runs_next_of(const Boundary& b, PyObject* iterator);
// What the callee is the __init__ of, called by its class: borrowed; null: another function.
PyObject* object_initialised(const Boundary& b, PyObject* type);

// Native frames, or an instruction that takes all items of an iterator, are between the two.
// Returns whether that is so; *accepted then tells whether all of it is known.
bool plan_native(const Boundary& b, bool* accepted, std::string* reason);

// The same for a resumed frame whose native frames go on, now in `code`, which has called the
// callee. Adds to the plan's native frames those that are there. Throws PythonError.
bool plan_native_going_on(const NativeCode& code, _PyInterpreterFrame* callee, FramePlan* plan,
                          std::string* reason);

}  // namespace chkpt::frames
