// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/packages/fortran_data.hpp"

#include <cstring>
#include <utility>

#include "python/heap/call.hpp"
#include "python/heap/modules/library_contents.hpp"
#include "python/heap/packages/numpy_arrays.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// Not the one of a routine, which knows its own name.
bool is_data_object(PyObject* object) {
  if (!is_fortran_type(Py_TYPE(object))) return false;
  const Ref names = attr_or_null(object, "__dict__");
  return names && PyDict_Check(names.get()) && !find(names.get(), "__name__");
}

// f2py tells the names of allocatable variables in the documentation only, a line each:
// "x : 'd'-array(-1,-1), not allocated".
std::vector<std::string> names_in_documentation(PyObject* object) {
  std::vector<std::string> names;
  const Ref documentation = attr(object, "__doc__");
  if (!PyUnicode_Check(documentation.get())) return names;
  const std::string all = utf8(documentation.get());
  for (std::size_t start = 0; start < all.size();) {
    const std::size_t end = std::min(all.find('\n', start), all.size());
    const std::string line = all.substr(start, end - start);
    const std::size_t colon = line.find(" : '");
    if (colon != std::string::npos && line.find("'-array(", colon) != std::string::npos)
      names.push_back(line.substr(0, colon));
    start = end + 1;
  }
  return names;
}

void add_variables(PyObject* object, std::vector<FortranVariable>& variables) {
  const Ref fixed = attr(object, "__dict__");
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(fixed.get(), &position, &name, &value);)
    if (is_array(value))
      variables.push_back({Ref::borrow(object), utf8(name), Ref::borrow(value), false});
  for (const std::string& other : names_in_documentation(object)) {
    if (find(fixed.get(), other.c_str())) continue;
    Ref array = attr_or_null(object, other.c_str());
    if (array && is_array(array.get()))
      variables.push_back({Ref::borrow(object), other, std::move(array), true});
  }
}

bool owns_nothing(PyObject* array) {
  return attr(array, "base").is(Py_None) && !array_flag(array, "owndata");
}

bool holds(PyObject* array, long long address) {
  const long long start = address_of(array);
  return address >= start && address < start + integer(attr(array, "nbytes").get());
}

// The variable in whose memory this array lies; false: in no variable's.
bool find_variable(PyObject* array, FortranVariable& found) {
  for (const Ref& module : fortran_modules())
    for (FortranVariable& variable : fortran_variables(module.get())) {
      if (!variable.array.is(array) && !holds(variable.array.get(), address_of(array))) continue;
      found = std::move(variable);
      return true;
    }
  return false;
}

Ref rebuild_attribute(Args args) { return own(PyObject_GetAttr(args[0], args[1])); }
const Rebuilder get_attribute{"fortran.attribute", guarded<rebuild_attribute>};

Ref rebuild_allocated(Args args) { return allocated_array(args[0], args[1], args[2]); }
const Rebuilder get_allocated{"fortran.allocated", guarded<rebuild_allocated>};

}  // namespace

bool is_made_by_f2py(PyObject* module) {
  return PyModule_Check(module) &&
         find(PyModule_GetDict(module), "__f2py_numpy_version__") != nullptr;
}

std::vector<Ref> fortran_modules() {
  std::vector<Ref> found;
  PyObject *name = nullptr, *module = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(PyImport_GetModuleDict(), &position, &name, &module);)
    if (is_made_by_f2py(module)) found.push_back(Ref::borrow(module));
  return found;
}

std::string library_of(PyObject* module) {
  PyObject* file = find(PyModule_GetDict(module), "__file__");
  return file && PyUnicode_Check(file) ? utf8(file) : "";
}

bool is_fortran_type(PyTypeObject* type) { return std::strcmp(type->tp_name, "fortran") == 0; }

std::vector<FortranVariable> fortran_variables(PyObject* module) {
  std::vector<FortranVariable> variables;
  PyObject *name = nullptr, *value = nullptr;
  std::vector<Ref> objects;
  for (Py_ssize_t position = 0; PyDict_Next(PyModule_GetDict(module), &position, &name, &value);)
    if (is_data_object(value)) objects.push_back(Ref::borrow(value));
  for (const Ref& object : objects) add_variables(object.get(), variables);
  return variables;
}

// But for the address of its code, which it makes when it is asked for.
Ref fortran_attributes(PyObject* module) {
  const Ref all = new_list();
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(PyModule_GetDict(module), &at, &name, &value);) {
    if (!is_fortran_type(Py_TYPE(value)) || is_data_object(value)) continue;
    const Ref names = attr(value, "__dict__"), given = new_dict();
    PyObject *key = nullptr, *attribute = nullptr;
    for (Py_ssize_t i = 0; PyDict_Next(names.get(), &i, &key, &attribute);)
      if (PyUnicode_Check(key) && !is_double_underscored(key) && !PyCapsule_CheckExact(attribute))
        ok(PyDict_SetItem(given.get(), key, attribute));
    if (PyDict_GET_SIZE(given.get()) > 0) append(all, pack(value, given));
  }
  return all;
}

// Those of a Fortran module are attributes of its object; the others are known by their modules.
Ref reduce_fortran_routine(Saver& saver, PyObject* routine, Rule& rule) {
  for (const Ref& module : fortran_modules()) {
    PyObject *key = nullptr, *value = nullptr;
    for (Py_ssize_t at = 0; PyDict_Next(PyModule_GetDict(module.get()), &at, &key, &value);) {
      if (!is_data_object(value)) continue;
      PyObject *name = nullptr, *part = nullptr;
      const Ref names = attr(value, "__dict__");
      for (Py_ssize_t i = 0; PyDict_Next(names.get(), &i, &name, &part);)
        if (part == routine) return reduced(get_attribute, pack(value, name));
    }
  }
  return reduce_by_default(saver, routine, rule);
}

Ref fortran_array(Saver& saver, PyObject* array) {
  FortranVariable variable;
  if (!owns_nothing(array) || !find_variable(array, variable)) return {};
  if (!variable.is_allocatable) return variable.array;
  // There is a new one for each access: the first that is met stands for all.
  PyObject* all = variable.array.get();
  const long long start = address_of(all);
  const bool is_all = address_of(array) == start &&
                      integer(attr(array, "nbytes").get()) == integer(attr(all, "nbytes").get());
  const auto* memory = reinterpret_cast<const void*>(start);  // NOLINT
  return saver.first_for(memory, is_all ? Ref::borrow(array) : variable.array);
}

Ref reduce_fortran_array(PyObject* array) {
  FortranVariable variable;
  if (!find_variable(array, variable)) broken("a variable of Fortran is no more");
  const Ref name = text(variable.name);
  if (!variable.is_allocatable) return reduced(get_attribute, pack(variable.owner, name));
  return reduced(get_allocated, pack(variable.owner, name, attr(array, "shape")));
}

Ref allocated_array(PyObject* owner, PyObject* name, PyObject* shape) {
  const auto has_shape = [&](const Ref& array) {
    return is_array(array.get()) &&
           PyObject_RichCompareBool(attr(array, "shape").get(), shape, Py_EQ) == 1;
  };
  Ref array = own(PyObject_GetAttr(owner, name));
  if (has_shape(array)) return array;
  // f2py converts it, and allocates what it needs.
  ok(PyObject_SetAttr(owner, name, call_method(import("numpy"), "zeros", shape).get()));
  array = own(PyObject_GetAttr(owner, name));
  if (!has_shape(array)) broken("a variable of Fortran cannot be allocated: " + utf8(name));
  return array;
}

}  // namespace chkpt::heap
