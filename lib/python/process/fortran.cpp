// SPDX-License-Identifier: BSD-3-Clause
// What Fortran code under Python modules keeps between calls: COMMON blocks and saved variables, as
// the solvers vode and lsoda have them, and module variables, allocatable ones too.
#include <Python.h>

#include <cstdint>
#include <vector>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/heap/packages/fortran_data.hpp"
#include "python/heap/compiled/image_memory.hpp"
#include "python/heap/packages/numpy_arrays.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

void note_memory(PyObject* module) {
  if (is_made_by_f2py(module)) note_image_memory(library_of(module));
}

// [(module, [(object, name, copy of the array)] of what is allocated, changed memory | None,
// attributes of routines)]
Ref save_fortran() {
  const Ref saved = new_list();
  for (const Ref& module : fortran_modules()) {
    const Ref arrays = new_list();
    std::vector<std::uintptr_t> places;
    for (const FortranVariable& variable : fortran_variables(module.get())) {
      if (!variable.is_allocatable) continue;
      places.push_back(static_cast<std::uintptr_t>(address_of(variable.array.get())));
      append(arrays, pack(variable.owner, text(variable.name),
                          array_method(variable.array.get(), "copy", text("K"))));
    }
    const Ref memory = image_changes(library_of(module.get()), places);
    const Ref attributes = fortran_attributes(module.get());
    if (memory.is(Py_None) && PyList_GET_SIZE(arrays.get()) == 0 &&
        PyList_GET_SIZE(attributes.get()) == 0)
      continue;
    append(saved, pack(module, arrays, memory, attributes));
  }
  return PyList_GET_SIZE(saved.get()) ? saved : none();
}

void restore_attributes(PyObject* attributes) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(attributes); ++i) {
    PyObject* entry = PyList_GET_ITEM(attributes, i);
    PyObject *name = nullptr, *value = nullptr;
    for (Py_ssize_t at = 0; PyDict_Next(item(entry, 1), &at, &name, &value);)
      ok(PyObject_SetAttr(item(entry, 0), name, value));
  }
}

void restore_fortran(PyObject* saved) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) {
    PyObject* entry = PyList_GET_ITEM(saved, i);
    PyObject* arrays = item(entry, 1);
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(arrays); ++k) {
      PyObject *variable = PyList_GET_ITEM(arrays, k), *content = item(variable, 2);
      const Ref array =
          allocated_array(item(variable, 0), item(variable, 1), attr(content, "shape").get());
      call_method(import("numpy"), "copyto", array, content);
    }
    // The bounds of what has just been allocated among it.
    if (item(entry, 2) != Py_None) set_image_changes(library_of(item(entry, 0)), item(entry, 2));
    restore_attributes(item(entry, 3));
  }
}

}  // namespace

void register_fortran_part() {
  register_import_observer(note_memory);
  register_process_part({"fortran", save_fortran, restore_fortran, 70});
}

}  // namespace chkpt::process
