// SPDX-License-Identifier: BSD-3-Clause
// Whether sets and dicts that a load has filled find what is in them: comparing a state with
// another asks what they hold, and an element at the place of another hash is held all the same.
#pragma once

#include <Python.h>

namespace chkpt::heap {

// Throws Raised if one does not. Calls the script's __hash__ and __eq__: for processes in which
// nothing of the script goes on. Needs the GIL.
void expect_keys_found(PyObject* set_or_dict);

}  // namespace chkpt::heap
