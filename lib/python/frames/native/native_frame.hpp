// SPDX-License-Identifier: BSD-3-Clause
// Native frames: C functions of the interpreter that run Python code again and again (sum(), list(),
// max() with a key, the next item of a map()). Code of ours stands in for the interpreter's, so that
// what it has so far can be saved, and a resume goes on from there. To the script nothing is
// different: the functions are the same objects and give the same results, errors and calls in the
// same order; where no Python code can run in them, the interpreter's own code does the work.
// All of it needs the GIL. Only the main thread, whose stack is saved, has native frames.
#pragma once

#include "python/ref.hpp"

#include <vector>

struct _PyInterpreterFrame;

namespace chkpt::frames {

// One such function, as snapshots know it.
struct NativeCode {
  const char* name;
  // Goes on after what it waited for. `result` is a new reference, or null: an exception is set, or
  // an iterator has come to its end. `state` is what NativeFrame::state() gave; it lets go of it when
  // it has what it needs. Returns what the function returns, in the same way.
  PyObject* (*go_on)(Ref state, PyObject* result);
};

// A call of such a function under way. Lives on the C stack of that call.
class NativeFrame {
 public:
  enum class Awaits { kUnknown, kItem, kResult };

  // `of`: see identity(); of an iterator, the iterator itself. Borrowed.
  NativeFrame(const NativeCode& code, const void* of);
  NativeFrame(const NativeFrame&) = delete;
  NativeFrame& operator=(const NativeFrame&) = delete;

  // What go_on() needs: a tuple; null with a Python exception.
  virtual PyObject* state() const = 0;

  const NativeCode& code() const { return code_; }
  const void* of() const { return of_; }
  Awaits awaits() const { return awaits_; }
  PyObject* awaited() const { return awaited_; }  // borrowed: the iterator or the callable

 protected:
  virtual ~NativeFrame();

  // The iterator's next item; null: an exception, or none at its end.
  PyObject* next(PyObject* iterator);
  PyObject* call(PyObject* callable, PyObject* const* arguments, std::size_t count);
  // Around C code that runs no other Python code than this.
  void await(Awaits what, PyObject* awaited) {
    awaits_ = what;
    awaited_ = awaited;
  }

 private:
  friend std::vector<const NativeFrame*> native_frames_of(const _PyInterpreterFrame* frame);

  // Tells a frame that is there from memory that was one. Volatile: the last write counts.
  const NativeFrame* volatile self_;
  const NativeCode& code_;
  const void* of_;
  const NativeFrame* outer_;
  const _PyInterpreterFrame* caller_;
  PyObject* awaited_ = nullptr;
  Awaits awaits_ = Awaits::kUnknown;
};

// The ones between `frame` and the Python frame it runs, outermost first.
std::vector<const NativeFrame*> native_frames_of(const _PyInterpreterFrame* frame);

// As saved: (name, state). Null with a Python exception.
PyObject* describe_native(const NativeFrame& frame);
// As if saved with these.
Ref described_native(const NativeCode& code, PyObject* state);
// The code of what was saved; null: it is none.
const NativeCode* native_code_of(PyObject* described);
// It goes on: see NativeCode.
PyObject* go_on_native(Ref described, PyObject* result);

// What all objects have in common that call the same C function; of another object itself.
const void* identity(PyObject* callable);

// May iterating over it run Python code in a way that native frames know of? Cheap.
bool may_run_python(PyObject* iterable);
// May a call of it?
bool is_python_callable(PyObject* callable);

// After a null from next(): has the iterator ended? Then no exception is set any more.
bool has_ended();

// Is the calling thread the one that has native frames?
bool on_main_thread();

// Puts the stand-ins in the place of the interpreter's functions, once. Throws PythonError.
void install_native_code();

}  // namespace chkpt::frames
