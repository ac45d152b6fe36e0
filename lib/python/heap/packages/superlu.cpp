// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/packages/superlu.hpp"

#include <string>

#include "base/text.hpp"
#include "python/error.hpp"
#include "python/heap/call.hpp"
#include "python/heap/recipes.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

constexpr const char* kFactorise = "gstrf";

PyObject* g_function = nullptr;                 // _superlu.gstrf
PyCFunctionWithKeywords g_factorise = nullptr;  // what it did by itself

// The script may go on to change its arrays.
Ref copied(PyObject* arguments) {
  const Ref copies = new_list();
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(arguments); ++i) {
    PyObject* one = PyTuple_GET_ITEM(arguments, i);
    append(copies, attr_or_null(one, "dtype") ? call_method(one, "copy") : Ref::borrow(one));
  }
  return own(PyList_AsTuple(copies.get()));
}

void keep(PyObject* factors, PyObject* arguments, PyObject* keywords) {
  const PendingException pending;
  try {
    keep_recipe(factors, {Ref::borrow(g_function), copied(arguments),
                          keywords ? own(PyDict_Copy(keywords)) : new_dict()});
  } catch (...) {
    PyErr_Clear();  // without a recipe they are refused
  }
}

PyObject* factorise(PyObject* self, PyObject* arguments, PyObject* keywords) {
  PyObject* factors = g_factorise(self, arguments, keywords);
  if (factors) keep(factors, arguments, keywords);
  return factors;
}

// (gstrf, arguments, keywords)
Ref rebuild_factors(Args args) { return call_with(args[0], args[1], args[2]); }
const Rebuilder make_factors{"scipy.superlu", guarded<rebuild_factors>};

}  // namespace

void watch_superlu(PyObject* module) {
  PyObject* names = PyModule_GetDict(module);
  PyObject* name = find(names, "__name__");
  if (!name || !PyUnicode_Check(name) || !ends_with(utf8(name), "._superlu")) return;
  PyObject *function = find(names, kFactorise), *type = find(names, "SuperLU");
  if (g_function || !function || !PyCFunction_Check(function) || !type || !PyType_Check(type) ||
      PyCFunction_GET_FLAGS(function) != (METH_VARARGS | METH_KEYWORDS))
    return;
  g_function = Py_NewRef(function);
  // In the definitions, so that the script sees the very function and class.
  PyMethodDef* definition = reinterpret_cast<PyCFunctionObject*>(function)->m_ml;
  g_factorise =
      reinterpret_cast<PyCFunctionWithKeywords>(reinterpret_cast<void (*)()>(definition->ml_meth));
  definition->ml_meth = reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(factorise));
  forget_recipes_of(reinterpret_cast<PyTypeObject*>(type));
}

Ref reduce_superlu(Saver&, PyObject* factors, Rule&) {
  const Recipe* how = recipe_of(factors);
  if (!how) refuse("factors of a sparse matrix that chkpt has not seen made");
  return reduced(make_factors, pack(how->maker, how->arguments, how->keywords));
}

}  // namespace chkpt::heap
