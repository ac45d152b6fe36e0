// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/names_to_come.hpp"

#include <map>
#include <string>
#include <utility>

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

struct StandIn {
  Ref object;
  std::string module, name;
};

// By address; they stay, because nobody knows who else has one.
std::map<const void*, StandIn>& stand_ins() {
  static auto* const all = new std::map<const void*, StandIn>;
  return *all;
}

// ---- the objects

PyObject* fail(PyObject* self) {
  const auto found = stand_ins().find(self);
  const std::string name =
      found == stand_ins().end() ? "a name" : found->second.module + "." + found->second.name;
  PyErr_Format(PyExc_ImportError,
               "%s is needed while a compiled module is imported, and is not there before "
               "everything is",
               name.c_str());
  return nullptr;
}
PyObject* fail_to_call(PyObject* self, PyObject*, PyObject*) { return fail(self); }
PyObject* fail_with(PyObject* self, PyObject*) { return fail(self); }
PyObject* fail_to_compare(PyObject* self, PyObject*, int) { return fail(self); }
int fail_to_tell(PyObject* self) { return fail(self) ? 1 : -1; }
Py_hash_t fail_to_hash(PyObject* self) { return fail_to_tell(self); }

template <class Function>
void* slot(Function* function) {
  return reinterpret_cast<void*>(function);
}

PyTypeObject* stand_in_type() {
  static PyObject* const type = [] {
    static PyType_Slot slots[] = {{Py_tp_call, slot(fail_to_call)},
                                  {Py_tp_getattro, slot(fail_with)},
                                  {Py_tp_richcompare, slot(fail_to_compare)},
                                  {Py_tp_hash, slot(fail_to_hash)},
                                  {Py_tp_str, slot(fail)},
                                  {Py_tp_repr, slot(fail)},
                                  {Py_tp_iter, slot(fail)},
                                  {Py_nb_bool, slot(fail_to_tell)},
                                  {0, nullptr}};
    static PyType_Spec spec = {"chkpt.NameToCome", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, slots};
    return PyType_FromSpec(&spec);
  }();
  return reinterpret_cast<PyTypeObject*>(own(Py_XNewRef(type)).release());
}

// ---- how modules give them out

// `known`: (module, names).
PyObject* give(PyObject* known, PyObject* name) {
  try {
    PyObject *module = item(known, 0), *names = item(known, 1);
    if (ok(PySequence_Contains(names, name)) == 0) {
      PyErr_SetObject(PyExc_AttributeError, name);
      return nullptr;
    }
    Ref made = own(PyType_GenericAlloc(stand_in_type(), 0));
    stand_ins()[made.get()] = {made, utf8(module), utf8(name)};
    return made.release();
  } catch (...) {
    set_python_exception();
    return nullptr;
  }
}
PyMethodDef g_give = {"__getattr__", give, METH_O, nullptr};

PyObject* dict_of(PyObject* module_name) {
  PyObject* module = PyDict_GetItemWithError(PyImport_GetModuleDict(), module_name);
  return module && PyModule_Check(module) ? PyModule_GetDict(module) : nullptr;
}

}  // namespace

NamesToCome::NamesToCome(PyObject* names) : modules_(names ? Ref::borrow(names) : Ref()) {
  if (!modules_ || !PyDict_Check(names)) return;
  PyObject *module = nullptr, *list = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(names, &at, &module, &list);)
    if (PyObject* dict = dict_of(module))
      ok(PyDict_SetItemString(dict, g_give.ml_name,
                              own(PyCFunction_New(&g_give, pack(module, list).get())).get()));
}

NamesToCome::~NamesToCome() {
  PyObject *module = nullptr, *list = nullptr;
  for (Py_ssize_t at = 0; modules_ && PyDict_Next(modules_.get(), &at, &module, &list);)
    if (PyObject* dict = dict_of(module))
      if (PyDict_DelItemString(dict, g_give.ml_name) != 0) PyErr_Clear();
}

bool gives_stand_ins(PyObject* object) {
  return PyCFunction_CheckExact(object) && PyCFunction_GET_FUNCTION(object) == give;
}

bool is_to_come(const void* object) { return stand_ins().count(object) != 0; }

Ref what_has_come(const void* stand_in) {
  const StandIn& known = stand_ins().at(stand_in);
  return attr(import(known.module.c_str()), known.name.c_str());
}

}  // namespace chkpt::heap
