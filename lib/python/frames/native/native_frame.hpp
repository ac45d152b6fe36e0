// SPDX-License-Identifier: BSD-3-Clause
// Native frames: C functions of the interpreter that run Python code again and again (sum(),
// list(), max() with a key, the next item of a map()). Code of ours stands in for the
// interpreter's, so that what it has so far can be saved, and a resume goes on from there. To the
// script nothing is different: the functions are the same objects and give the same results, errors
// and calls in the same order; where no Python code can run in them, the interpreter's own code
// does the work. All of it needs the GIL. Only the main thread, whose stack is saved, has native
// frames.
#pragma once

#include "python/ref.hpp"

#include <vector>

struct _PyInterpreterFrame;

namespace chkpt::frames {

// One such function, as snapshots know it.
struct NativeCode {
  const char* name;
  // Goes on after what it waited for. `result` is a new reference, or null: an exception is set, or
  // an iterator has come to its end. `state` is what NativeFrame::state() gave; it lets go of it
  // when it has what it needs. Returns what the function returns, in the same way.
  PyObject* (*go_on)(Ref state, PyObject* result);
  // What it waits for is about to run on, after a load. Null: nothing is to be done.
  void (*wait)(PyObject* state) = nullptr;
  // Its state by now: what it waits for has run meanwhile. A new reference; null with a Python
  // exception. No function: it has not changed.
  PyObject* (*waiting)(PyObject* state) = nullptr;
};

// A call of such a function under way. Lives on the C stack of that call.
class NativeFrame {
 public:
  enum class Awaits { kUnknown, kItem, kResult };

  // `of`: see identity(); of an iterator, the iterator itself. Borrowed. On the main thread only.
  NativeFrame(const NativeCode& code, const void* of);
  NativeFrame(const NativeFrame&) = delete;
  NativeFrame& operator=(const NativeFrame&) = delete;

  // What go_on() needs: a tuple; null with a Python exception.
  virtual PyObject* state() const = 0;
  // What the callable it waits for was called with: a tuple; null: that is not known.
  virtual PyObject* arguments() const { return nullptr; }

  const NativeCode& code() const { return code_; }
  const void* of() const { return of_; }
  Awaits awaits() const { return awaits_; }
  PyObject* awaited() const { return awaited_; }  // borrowed: the iterator or the callable

 protected:
  virtual ~NativeFrame();

  // The iterator's next item; null: an exception, or none at its end.
  PyObject* next(PyObject* iterator) {
    await(Awaits::kItem, iterator);
    PyObject* item = Py_TYPE(iterator)->tp_iternext(iterator);
    awaits_ = Awaits::kUnknown;
    return item;
  }
  PyObject* call(PyObject* callable, PyObject* const* arguments, std::size_t count) {
    await(Awaits::kResult, callable);
    PyObject* result = PyObject_Vectorcall(callable, arguments, count, nullptr);
    awaits_ = Awaits::kUnknown;
    return result;
  }
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
// See NativeCode.
void wait_in_natives(PyObject* list_of_described);
Ref waiting_natives(PyObject* list_of_described);  // a new list. Throws PythonError
PyObject* go_on_native(Ref described, PyObject* result);

// What all objects have in common that call the same C function; of another object itself.
const void* identity(PyObject* callable);

// May its next item run Python code? Of a container: of the iterator over it. Cheap.
inline bool may_run_python(PyObject* iterable) {
  PyTypeObject* type = Py_TYPE(iterable);
  return !(type == &PyListIter_Type || type == &PyTupleIter_Type || type == &PyRangeIter_Type ||
           type == &PyList_Type || type == &PyTuple_Type || type == &PyRange_Type ||
           type == &PyDict_Type || type == &PySet_Type || type == &PyUnicode_Type ||
           type == &PyDictIterKey_Type || type == &PyDictIterItem_Type ||
           type == &PyDictIterValue_Type || type == &PySetIter_Type ||
           type == &PyUnicodeIter_Type || type == &PyBytesIter_Type ||
           type == &PyListRevIter_Type || type == &PyLongRangeIter_Type ||
           type == &PyFrozenSet_Type || type == &PyBytes_Type || type == &PyDictValues_Type ||
           type == &PyDictItems_Type || type == &PyDictKeys_Type);
}
// May a call of it?
bool is_python_callable_object(PyObject* callable);
inline bool is_python_callable(PyObject* callable) {
  return PyFunction_Check(callable) || PyMethod_Check(callable) ||
         ((Py_TYPE(callable)->tp_flags & Py_TPFLAGS_HEAPTYPE) &&
          is_python_callable_object(callable));
}

// After a null from next(): has the iterator ended? Then no exception is set any more.
bool has_ended();

// Is the calling thread the one that has native frames?
bool on_main_thread();

// A snapshot is wanted: from now on the next items of map(), filter() and zip() have native frames
// where they need one, which costs time; until record_steps(false). What is under way stays as it
// began. Finds what the script has imported since.
void prepare_native_code();
void record_steps(bool on);

// Puts the stand-ins in the place of the interpreter's functions, once. Throws PythonError.
void install_native_code();

}  // namespace chkpt::frames
