// SPDX-License-Identifier: BSD-3-Clause
// Objects that the script has put where the imports of libraries find them, such as another
// sys.stdout, a function of its own in a library module, or a class in a library's registry. A
// library that takes one of them when it is imported takes something else in a new process, where
// imports come before the script's state.
#pragma once

#include "python/ref.hpp"

#include "python/heap/pointer_table.hpp"

namespace chkpt::heap {

using GivenObjects = PointerTable<bool>;

// Once, before the script. Needs the GIL.
void note_first_streams();
void forget_first_streams();
// What sys.stdin, sys.stdout and sys.stderr are now and were not at the start.
void add_streams_of_script(GivenObjects& given);

// Whether it tells that somebody has given it: None and small numbers are everywhere.
bool is_object_of_its_own(PyObject* value);

// It, or an element of a tuple.
bool is_given(GivenObjects& given, PyObject* value);
// Whether it is a function with a default value, or a variable of an outer function, that is given.
bool keeps_given(GivenObjects& given, PyObject* function);

}  // namespace chkpt::heap
