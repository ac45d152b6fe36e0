// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/recipes.hpp"

#include <unordered_map>
#include <utility>

namespace chkpt::heap {
namespace {

// Never destroyed: objects go until the interpreter is gone.
struct Kept {
  std::unordered_map<PyObject*, Recipe> by_object;
  std::unordered_map<PyTypeObject*, destructor> deallocations;  // of the types themselves
};
Kept& kept() {
  static auto* const all = new Kept;
  return *all;
}

// Also of instances of derived classes, which end with what their base does.
destructor deallocation_of(PyTypeObject* type) {
  for (; type; type = type->tp_base) {
    const auto found = kept().deallocations.find(type);
    if (found != kept().deallocations.end()) return found->second;
  }
  return nullptr;
}

void deallocate(PyObject* object) {
  const destructor original = deallocation_of(Py_TYPE(object));
  const auto recipe = kept().by_object.extract(object);  // its objects go last
  original(object);
}

}  // namespace

void forget_recipes_of(PyTypeObject* type) {
  if (type->tp_dealloc == deallocate) return;
  kept().deallocations[type] = std::exchange(type->tp_dealloc, deallocate);
}

void keep_recipe(PyObject* object, Recipe recipe) { kept().by_object[object] = std::move(recipe); }

const Recipe* recipe_of(PyObject* object) {
  const auto found = kept().by_object.find(object);
  return found == kept().by_object.end() ? nullptr : &found->second;
}

}  // namespace chkpt::heap
