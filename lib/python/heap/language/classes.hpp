// SPDX-License-Identifier: BSD-3-Clause
// What others need of classes: setting their attributes past metaclasses of the script.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

class Saver;

// type.__setattr__, which keeps the C slots in step, unless the metaclass has a data descriptor of
// that name that would catch it. Throws Raised.
void set_class_attribute(PyObject* type, PyObject* name, PyObject* value);

// The first metaclass that C code made: from here on, what makes its classes.
PyTypeObject* native_metaclass(PyTypeObject* metaclass);

// For reducers of classes: what a class is made with, and the reduce value. `fields` comes first
// in its state, and may be None.
Ref first_class_attributes(PyTypeObject* type);
Ref reduced_class(Saver& saver, PyTypeObject* type, const Ref& first_attributes, const Ref& fields);

}  // namespace chkpt::heap
