// SPDX-License-Identifier: BSD-3-Clause
// How C functions get a stand-in. They keep their objects; what these call is exchanged.
#pragma once

#include "python/frames/native/native_frame.hpp"
#include "python/frames/stack.hpp"

namespace chkpt::frames {

// A function or method of C code and what it did before.
class ReplacedFunction {
 public:
  // `owner`: a module, or a class whose method it is. Nothing happens if it takes its arguments in
  // another way than `flags` say. The casts are the C API's own.
  void replace(PyObject* owner, const char* name, int flags, PyCFunction stand_in);
  const PyMethodDef* definition() const { return definition_; }
  PyObject* original(PyObject* self, PyObject* argument) const {  // METH_O, METH_VARARGS
    return original_(self, argument);
  }
  PyObject* original(PyObject* self, PyObject* arguments, PyObject* keywords) const {
    return reinterpret_cast<PyCFunctionWithKeywords>(reinterpret_cast<void (*)()>(original_))(
        self, arguments, keywords);
  }
  PyObject* original(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                     PyObject* names) const {
    return reinterpret_cast<_PyCFunctionFastWithKeywords>(reinterpret_cast<void (*)()>(original_))(
        self, arguments, count, names);
  }
  PyObject* original(PyObject* self, PyObject* const* arguments, Py_ssize_t count) const {
    return reinterpret_cast<_PyCFunctionFast>(reinterpret_cast<void (*)()>(original_))(
        self, arguments, count);
  }
  // With one positional argument.
  PyObject* original_of_one(PyObject* argument) const;

 private:
  PyMethodDef* definition_ = nullptr;
  PyCFunction original_ = nullptr;
};

template <class Function>
PyCFunction as_c_function(Function function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

// Parts of a state that need not be there.
inline PyObject* or_marker(const Ref& object) { return object ? object.get() : null_marker(); }
inline PyObject* unmarked(PyObject* item) { return item == null_marker() ? nullptr : item; }

// A state that is none: drops the result, sets an exception. Null.
PyObject* damaged(PyObject* result);

// The value of keyword `name` among those after `count` positional arguments; null: not given.
PyObject* keyword_argument(PyObject* const* arguments, Py_ssize_t count, PyObject* names,
                           const char* name);

extern const NativeCode kSumCode;                                         // sum.cpp
extern const NativeCode kExtremeCode, kTestCode, kReduceCode;             // folds.cpp
extern const NativeCode kCollectCode, kDictCode;                          // collectors.cpp
extern const NativeCode kSortCode;                                        // sorting.cpp
extern const NativeCode kMapCode, kFilterCode, kZipCode, kEnumerateCode;  // iterators.cpp
extern const NativeCode kCachedCode;                                      // cached_calls.cpp
extern const NativeCode kInitCode, kIterCode;                             // one_call.cpp

void stand_in_for_sum();
void stand_in_for_folds();
void stand_in_for_collectors();
void stand_in_for_sorting();
void find_iterators();
// Of the module _functools.
void stand_in_for_reduce(PyObject* functools);
void find_cached_calls(PyObject* functools);

// functools.lru_cache() wrappers: their calls leave nothing behind that a frame would have to keep.
bool is_cached_call(PyObject* callable);
PyObject* cached_function(PyObject* wrapper);  // borrowed
// The state of kCachedCode. `keywords`: a dict or null. New reference.
PyObject* cached_call_state(PyObject* wrapper, PyObject* arguments, PyObject* keywords);

// What is left to do after an __iter__ in Python: see StackState. Null: no memory.
Ref native_frames_for_iter();

// A step of an iterator that has no native frame, as there is nothing in it that cannot be seen.
struct UnrecordedStep {
  Ref described;
  NativeFrame::Awaits awaits = NativeFrame::Awaits::kUnknown;
  PyObject* awaited = nullptr;  // borrowed
};
// Of an iterator that leads to the frame of `generator`; null: to that of a function called with
// `first_argument` (null: not known). False: it is no such iterator, or its step would have a
// frame. Throws PythonError.
bool find_unrecorded_step(PyObject* iterator, PyObject* generator, PyObject* first_argument,
                          UnrecordedStep* step);

// What is collected from an iterator, and what becomes of it. Stored in snapshots.
enum class Collect : int {
  kList = 0,       // list(iterator); of a list that has some already: the whole
  kTuple = 1,      // tuple(iterator)
  kSet = 2,        // set(iterator)
  kFrozenset = 3,  // frozenset(iterator)
  kJoin = 4,       // separator.join(iterator); extra: the separator
  kExtend = 5,     // list.extend(iterator): None
  kSorted = 6,     // sorted(iterator); extra: (key, reverse)
  kUpdate = 7,     // set.update(iterator): None
};
// The state of kCollectCode: a new reference.
PyObject* collector_state(Collect what, PyObject* container, PyObject* iterator, PyObject* extra);

// An iterator whose items the functions of collectors.cpp take where a snapshot can see it.
bool is_collected_here(PyObject* iterable);

// sorted(): a list from the iterator, then its order by (key or None, reverse).
PyObject* collect_sorted(PyObject* iterator, PyObject* key_and_reverse);
PyObject* sort_collected(const Ref& list, PyObject* key_and_reverse);
const void* identity_of_sorted();

}  // namespace chkpt::frames
