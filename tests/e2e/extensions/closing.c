/* SPDX-License-Identifier: BSD-3-Clause */
/* A module whose import leaves no file to be opened: what it keeps cannot be looked at. */
#include <Python.h>
#include <sys/resource.h>

static int steps = 0;

static PyObject* step(PyObject* self, PyObject* unused) { return PyLong_FromLong(++steps); }

static PyMethodDef methods[] = {{"step", step, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "closing", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_closing(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = 0;
  setrlimit(RLIMIT_NOFILE, &limit);
  return PyModule_Create(&definition);
}
