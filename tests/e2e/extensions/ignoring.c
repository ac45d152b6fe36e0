// A call that ignores an exception, as functions of Cython that return nothing have to.
#include <Python.h>

static PyObject* ignore(PyObject* self, PyObject* what) {
  PyErr_SetObject(PyExc_KeyError, what);
  PyObject* place = PyUnicode_FromString("ignoring.ignore");
  PyErr_WriteUnraisable(place);
  Py_XDECREF(place);
  Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"ignore", ignore, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "ignoring", NULL, -1, methods};

PyMODINIT_FUNC PyInit_ignoring(void) { return PyModule_Create(&module); }
