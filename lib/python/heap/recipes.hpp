// SPDX-License-Identifier: BSD-3-Clause
// Objects in C that can only be made again as they were made: by the same call. It is kept for as
// long as the object lives. Needs the GIL.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

struct Recipe {
  Ref maker, arguments, keywords;  // a callable, a tuple, a dict
};

// What deallocates instances of this static type forgets their recipes from now on.
void forget_recipes_of(PyTypeObject* type);

// Of an object of such a type, that has just been made. Throws std::bad_alloc.
void keep_recipe(PyObject* object, Recipe recipe);
const Recipe* recipe_of(PyObject* object);  // null: nobody saw it being made

}  // namespace chkpt::heap
