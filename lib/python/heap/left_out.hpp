// SPDX-License-Identifier: BSD-3-Clause
// Numbers that a library's class leaves out when it is pickled, and that stand for something to be
// released at its end: handles of what lies outside Python (an entry in a table of C code, a
// connection). Raw state would bring back the number, which leads to nothing, or to something else.
#pragma once

#include "python/heap/saver.hpp"

namespace chkpt::heap {

// Whether the object releases something at its end: it has a __del__ in Python, or something is to
// be called when it is gone (weakref.finalize). Needs the GIL.
bool releases_something(PyObject* object);
// Whether an attribute is an int that is not in the state which the object gives for a transfer.
// Throws Raised. Needs the GIL.
bool leaves_number_out(PyObject* object, const Layout& layout, PyObject* state);

}  // namespace chkpt::heap
