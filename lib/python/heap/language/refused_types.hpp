// SPDX-License-Identifier: BSD-3-Clause
// Why objects of a type are not saved, in words for the user.
#pragma once

#include "python/heap/saver.hpp"

namespace chkpt::heap {

// C types that are refused whatever they hold.
bool is_refused_type(PyTypeObject* type);
Ref refuse_type(Saver&, PyObject*, Rule&);

// The same of a type or one that it derives from; null: nothing is known.
const char* why_refused(PyTypeObject* type);

// With an exception pending: if that says no more than that objects of `type` cannot be pickled,
// throws CannotSave with why.
void explain_refusal(PyTypeObject* type);

}  // namespace chkpt::heap
