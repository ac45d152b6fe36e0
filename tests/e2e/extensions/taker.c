// A module in C that takes names from a module in Python while it is imported.
#include <Python.h>

static PyObject *twice, *limit;

static PyObject* step(PyObject* self, PyObject* value) {
  PyObject* made = PyObject_CallOneArg(twice, value);
  return made ? Py_BuildValue("(NO)", made, limit) : NULL;
}

static PyMethodDef methods[] = {{"step", step, METH_O, NULL}, {NULL}};

static int fill(PyObject* module) {
  PyObject* helpers = PyImport_ImportModule("helpers");
  if (!helpers) return -1;
  twice = PyObject_GetAttrString(helpers, "twice");
  limit = PyObject_GetAttrString(helpers, "LIMIT");
  if (!twice || !limit) return -1;
  if (PyObject_HasAttrString(helpers, "missing")) return -1;
  PyModule_AddObjectRef(module, "limit", limit);
  return PyModule_AddObjectRef(module, "twice", twice);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill}, {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "taker",
                                        .m_methods = methods, .m_slots = slots};

PyMODINIT_FUNC PyInit_taker(void) { return PyModuleDef_Init(&definition); }
