// SPDX-License-Identifier: BSD-3-Clause
#include "cut/handles/stand_ins.hpp"

#include <string>
#include <unordered_map>

#include "cut/handles/objects.hpp"

namespace chkpt::cut::handles {
namespace {

bool g_in_use = false;

struct Described {
  Ref object;  // keeps the key alive
  Ref description;
};

// Never destroyed: the interpreter may be gone before static destructors run.
std::unordered_map<PyObject*, Described>& described() {
  static auto* table = new std::unordered_map<PyObject*, Described>;
  return *table;
}

bool needs_mpi(const std::string& form) {
  for (const char* other :
       {"name", "like", "status", "memory", "allocated", "library", "pickler"}) {
    if (form == other) return false;
  }
  return true;
}

}  // namespace

void use_stand_ins() { g_in_use = true; }
bool using_stand_ins() { return g_in_use; }

Ref make_stand_in(PyTypeObject* type, PyObject* description) {
  const char* form = nullptr;
  PyObject *payload = nullptr, *dict = nullptr;
  unsigned int flags = 0;
  int number = 0;
  if (!PyArg_ParseTuple(description, "sOIOi", &form, &payload, &flags, &dict, &number)) {
    throw_pending_exception();
  }
  if (!needs_mpi(form)) return nullptr;
  const Module* m = Module::loaded();
  if (!m) throw PythonError("mpi4py.MPI is not loaded");
  Ref object = blank(*m, m->kind_of(type), type);
  if (dict != Py_None) checked(PyObject_GenericSetDict(object.get(), dict, nullptr));
  described()[object.get()] = {object, Ref::borrow(description)};
  return object;
}

Ref stand_in_description(PyObject* object) {
  const auto found = described().find(object);
  if (found == described().end()) return nullptr;
  const Ref& then = found->second.description;
  const Ref dict = Py_TYPE(object)->tp_dictoffset == 0
                       ? Ref::borrow(Py_None)
                       : checked(PyObject_GenericGetDict(object, nullptr));
  const bool has_attributes = !dict.is(Py_None) && PyDict_GET_SIZE(dict.get()) > 0;
  return checked(PyTuple_Pack(5, PyTuple_GET_ITEM(then.get(), 0), PyTuple_GET_ITEM(then.get(), 1),
                              PyTuple_GET_ITEM(then.get(), 2),
                              has_attributes ? dict.get() : Py_None,
                              PyTuple_GET_ITEM(then.get(), 4)));
}

}  // namespace chkpt::cut::handles
