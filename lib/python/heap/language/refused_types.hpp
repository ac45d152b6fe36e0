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

// With an exception pending: throws CannotSave with why objects of `type` cannot be saved, unless
// the exception alone knows it.
void explain_refusal(PyTypeObject* type);

}  // namespace chkpt::heap
