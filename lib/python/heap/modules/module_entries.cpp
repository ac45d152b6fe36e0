// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/modules/module_entries.hpp"

#include <map>
#include <string>
#include <utility>

#include "python/heap/by_value.hpp"
#include "python/heap/call.hpp"
#include "python/heap/modules/import_order.hpp"
#include "python/heap/modules/module_copies.hpp"
#include "python/heap/modules/unseen_imports.hpp"

namespace chkpt::heap {
namespace {

struct Noted {
  Ref object;
  bool of_library = false;
};
std::map<std::string, Noted>& noted() {
  static auto* entries = new std::map<std::string, Noted>;
  return *entries;
}

bool is_as_imported(PyObject* name, PyObject* object) {
  if (!PyModule_Check(object)) return false;
  const Ref own = own_name(object);
  return own && PyUnicode_Compare(own.get(), name) == 0;
}

bool is_of_library(PyObject* name, PyObject* object) {
  const auto entry = noted().find(utf8(name));
  return entry != noted().end() && entry->second.object.is(object) && entry->second.of_library;
}

// What stands in sys.modules because the script has put it there.
bool is_put_by_script(ByValue& by_value, PyObject* name, PyObject* object) {
  return !is_as_imported(name, object) && !UnseenImports::hides(name) &&
         !OriginalModules::hides(name) && !is_of_library(name, object) &&
         !by_value.module(name, object);
}

template <class Visit>
void each_entry(Visit visit) {
  const Ref items = own(PyDict_Items(PyImport_GetModuleDict()));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* name = item(PyList_GET_ITEM(items.get(), i), 0);
    if (PyUnicode_CheckExact(name)) visit(name, item(PyList_GET_ITEM(items.get(), i), 1));
  }
}

}  // namespace

bool is_module_namespace(PyObject* dict) {
  PyObject* name = PyDict_CheckExact(dict) ? find(dict, "__name__") : nullptr;
  if (!name || !PyUnicode_Check(name)) return false;
  PyObject* module = PyDict_GetItemWithError(PyImport_GetModuleDict(), name);
  return module && PyModule_Check(module) && PyModule_GetDict(module) == dict;
}

Ref own_name(PyObject* module) {
  PyObject* dict = PyModule_GetDict(module);
  PyObject* spec = find(dict, "__spec__");
  Ref name = spec && spec != Py_None ? attr_or_null(spec, "name") : Ref();
  if (!name) name = Ref::borrow(find(dict, "__name__"));
  return name && PyUnicode_Check(name.get()) ? name : Ref();
}

Ref imported_again(PyTypeObject* type) {
  if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) return {};
  PyObject* module = PyType_GetModule(type);
  if (!module) PyErr_Clear();
  Ref name = module ? attr_or_null(module, "__name__") : Ref();
  if (!name || !PyUnicode_Check(name.get())) return {};
  PyObject* imported = PyDict_GetItemWithError(PyImport_GetModuleDict(), name.get());
  const bool is_other = imported && imported != module && PyModule_Check(imported) &&
                        PyModule_GetDef(imported) == PyModule_GetDef(module);
  return is_other ? std::move(name) : Ref();
}

void note_module_entries(bool of_library) {
  each_entry([&](PyObject* name, PyObject* object) {
    if (is_as_imported(name, object)) return;
    Noted& entry = noted()[utf8(name)];
    if (!entry.object.is(object)) entry = {Ref::borrow(object), of_library};
  });
}

void forget_module_entries() { noted().clear(); }

Ref module_entries_of_script() {
  ByValue by_value;
  const Ref entries = new_list();
  each_entry([&](PyObject* name, PyObject* object) {
    if (is_put_by_script(by_value, name, object)) append(entries, pack(name, object));
  });
  return entries;
}

void restore_module_entries(PyObject* entries) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(entries); ++i) {
    PyObject* entry = PyList_GET_ITEM(entries, i);
    ok(PyDict_SetItem(PyImport_GetModuleDict(), item(entry, 0), item(entry, 1)));
  }
}

Ref import_steps(const std::vector<Ref>& imported) {
  ByValue by_value;
  const Ref steps = new_list();
  ImportOrder order(imported);
  auto next = imported.begin();
  each_entry([&](PyObject* name, PyObject* object) {
    const bool is_next = next != imported.end() && next->is(name);
    if (is_next) ++next;
    const bool of_script = is_put_by_script(by_value, name, object);
    const Ref own = of_script && PyModule_Check(object) ? own_name(object) : Ref();
    if (of_script && object == Py_None)
      append(steps, pack(name, object));
    else if (own && PyDict_GetItemWithError(PyImport_GetModuleDict(), own.get()) == object)
      append(steps, pack(name, own));
    else if (is_next)
      order.append_to(steps, name);
  });
  return steps;
}

void take_import_step(PyObject* step) {
  PyObject* name = item(step, 1);
  Ref object = none();
  if (name != Py_None) {
    own(PyImport_Import(name));  // gives the package, where the module is in one
    object = Ref::borrow(PyDict_GetItemWithError(PyImport_GetModuleDict(), name));
  }
  if (object) ok(PyDict_SetItem(PyImport_GetModuleDict(), item(step, 0), object.get()));
}

}  // namespace chkpt::heap
