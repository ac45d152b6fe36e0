// SPDX-License-Identifier: BSD-3-Clause
// When raw state takes the place of a library class's own way of pickling, which is made for a
// transfer: a resume calls it while others are half made, or it leaves out what a continuation
// needs. Where raw state cannot be saved the class has its way after all. All need the GIL and
// throw Raised.
#pragma once

#include "python/heap/saver.hpp"

namespace chkpt::heap {

// As the type has it, whatever an instance says; borrowed, null if it has none.
PyObject* type_attribute(PyTypeObject* type, const char* name);
bool same_attribute(PyTypeObject* type, PyTypeObject* base, const char* name);
bool is_python_method(PyTypeObject* type, const char* name);
bool has_own_getstate(PyTypeObject* type);
// Raw state has been tried and could not be saved.
bool uses_own_getstate(PyTypeObject* type);
// Which these are, [type]: who goes on from a snapshot saves in the same way.
Ref types_with_own_pickling();
void let_types_pickle(PyObject* types);

// `value`: what the object's own way of pickling gives.
bool makes_another_type(PyObject* value, Rule& rule);
bool takes_raw_state(Saver& saver, PyObject* object, PyObject* value, Rule& rule);
// The pending exception is none by which a class says that it does not want to be pickled.
bool is_accident();
// A mapping whose own way of pickling has its items put in at once, when keys that compute their
// hashes may be half made.
bool has_keys_to_come(PyObject* object, Rule& rule);
Ref reduce_raw_state(Saver& saver, PyObject* object, Rule& rule);

}  // namespace chkpt::heap
