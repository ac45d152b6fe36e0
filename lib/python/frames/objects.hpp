// SPDX-License-Identifier: BSD-3-Clause
// Raw access to objects whose state no Python API gives: generators, frame objects, set tables,
// dict iterators, functions. For the pickler's reducers and constructors. C API conventions: a new
// reference or null, 0 or -1, with a Python exception set. Every state is a tuple of picklable
// items (empty slots are frames::null_marker()) and valid only for the same Python version.
#pragma once

#include "python/ref.hpp"

#include <cstdint>

#include <vector>

namespace chkpt::frames {

// Generators, coroutines and async generators, in every state. _get: an opaque tuple. The frame of
// one that is running is not in it: it belongs to the call stack (ResumedStack::adopt_generator).
// _new: an empty one of the given type for `code` (None: a finished one whose code is gone).
PyObject* generator_get(PyObject* generator);
PyObject* generator_new(PyTypeObject* type, PyObject* code);
int generator_set(PyObject* generator, PyObject* state);
PyObject* generator_code(PyObject* generator);  // new reference to the code, or None
bool generator_is_running(PyObject* generator);

// What a suspended coroutine may wait for: a step of an async generator (asend(), athrow(),
// aclose(), __anext__()), anext() with a default, coroutine.__await__(). _new: an empty one.
std::vector<PyTypeObject*> awaitable_types();
PyObject* awaitable_get(PyObject* awaitable);
PyObject* awaitable_new(PyTypeObject* type);
int awaitable_set(PyObject* awaitable, PyObject* state);

// Frame objects. kLive: the frame is on some thread's stack (ask the StackState whether it is on
// ours). kOfGenerator: made anew from the generator. kDetached: code has returned, state is kept.
enum class FrameOwner { kLive, kOfGenerator, kDetached };
FrameOwner frame_owner(PyObject* frame);

// Appends what gc.freeze() has set aside, which gc.get_objects() does not list.
int add_frozen_objects(PyObject* list);

// __del__ of this object has run, and somebody has kept the object: it will not run again.
void mark_finalized(PyObject* object);
PyObject* frame_generator(PyObject* frame);      // kOfGenerator: its generator
PyObject* generator_frame(PyObject* generator);  // the frame object of an unfinished generator
PyObject* frame_code(PyObject* frame);
PyObject* frame_get(PyObject* frame);  // kDetached only
PyObject* frame_new(PyObject* code, PyObject* globals);
int frame_set(PyObject* frame, PyObject* state);

// What frame.f_locals of a function is from 3.13 on: a view of the frame. Null type: none has one.
PyTypeObject* frame_view_type();
PyObject* frame_view_new();
PyObject* frame_view_get(PyObject* view);  // its frame
int frame_view_set(PyObject* view, PyObject* frame);

// Exact hash table of a set or frozenset, so that iteration order survives. _put fills an empty
// set; where a stored hash differs from the element's hash now, the elements find new places and it
// returns 0 instead of 1. No element is asked whether it equals another.
PyObject* set_get(PyObject* set);
int set_put(PyObject* set, PyObject* state);
// Adds an entry at this place of the table to those of such a state.
int append_set_entry(PyObject* entries, Py_ssize_t index, const setentry& entry);
// Adds (key, value) tuples to a dict that has none of the keys; likewise.
int dict_put(PyObject* dict, PyObject* pairs);
bool set_is_pristine(PyObject* set);  // empty and never resized: nothing to keep
// set_iterator: (set|None, size at start, place in the table, elements left); or the elements that
// are left, in a list. The setters work on one made from any set, when all sets are filled.
PyObject* set_iter_get(PyObject* iterator);
PyObject* set_iter_rest(PyObject* iterator);
int set_iter_set(PyObject* iterator, PyObject* state);
int set_iter_set_rest(PyObject* iterator, PyObject* elements);

// dict_keyiterator, dict_valueiterator, dict_itemiterator and their reverse forms: (dict|None,
// size at start, entries passed, entries left). _set on an iterator made from any dict.
PyObject* dict_iter_get(PyObject* iterator);
int dict_iter_set(PyObject* iterator, PyObject* state);
// list_iterator and list_reverseiterator: (list|None, index). _set on one made from any list.
PyObject* list_iter_get(PyObject* iterator);
int list_iter_set(PyObject* iterator, PyObject* state);
PyObject* view_dict(PyObject* view);  // the dict of a dict view
// Another number after every change of a dict, and for every dict (PEP 509): where the number is
// the same, so is the dict, with all it holds.
std::uint64_t dict_version(PyObject* dict);

PyObject* function_new(PyObject* code, PyObject* globals);
int function_set_closure(PyObject* function, PyObject* closure_or_none);
int function_set_builtins(PyObject* function, PyObject* builtins);
// The names that this code, without the functions in it, looks up in its module: a new list.
PyObject* code_globals(PyObject* code);

// Made by a `class` statement or a call of a metaclass rather than by C code.
bool is_python_class(PyTypeObject* type);

}  // namespace chkpt::frames
