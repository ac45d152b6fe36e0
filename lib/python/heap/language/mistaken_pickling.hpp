// SPDX-License-Identifier: BSD-3-Clause
// Library classes whose own __reduce__ is not for them.
#pragma once

#include "python/heap/saver.hpp"

namespace chkpt::heap {

// Null: it is another class. `by_value`: a class of the script, which derives from one. The rule's
// layout is known.
Reduce in_place_of_own_reduce(const Rule& rule, bool by_value);

// Of a member of an enumeration that no name leads to, such as a combination of flags; null: it is
// none.
Ref reduced_member(PyObject* object, PyTypeObject* type);

}  // namespace chkpt::heap
