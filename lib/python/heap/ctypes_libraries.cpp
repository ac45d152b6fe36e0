// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/ctypes_libraries.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/loaded_images.hpp"
#include "python/error.hpp"
#include "python/heap/call.hpp"
#include "python/heap/image_memory.hpp"
#include "python/heap/library_paths.hpp"

namespace chkpt::heap {
namespace {

std::vector<std::string>& own_libraries() {
  static std::vector<std::string> files;
  return files;
}

void note_library(PyObject* handle) {
  const std::string file = path_of_handle(PyLong_AsVoidPtr(handle)).value_or("");
  if (!is_own_binary(file)) return;
  std::vector<std::string>& known = own_libraries();
  if (std::find(known.begin(), known.end(), file) != known.end()) return;
  known.push_back(file);
  note_image_memory(file);
}

PyCFunction g_open = nullptr;  // _ctypes.dlopen(name, flags)

PyObject* open_and_note(PyObject* self, PyObject* args) {
  PyObject* handle = g_open(self, args);
  if (!handle) return nullptr;
  const PendingException pending;
  try {
    note_library(handle);
  } catch (...) {
    PyErr_Clear();  // bookkeeping of ours fails no call
  }
  return handle;
}

}  // namespace

void watch_ctypes_libraries(PyObject* module) {
  PyObject* open = find(PyModule_GetDict(module), "dlopen");
  if (!open || !PyCFunction_Check(open) || PyCFunction_GET_FLAGS(open) != METH_VARARGS) return;
  // In its definition, so that the script sees the very function.
  PyMethodDef* definition = reinterpret_cast<PyCFunctionObject*>(open)->m_ml;
  if (definition->ml_meth != open_and_note)
    g_open = std::exchange(definition->ml_meth, open_and_note);
}

Ref changed_ctypes_libraries() {
  const Ref saved = new_list();
  for (const std::string& file : own_libraries()) {
    const Ref changes = image_changes(file, {});
    if (!changes.is(Py_None)) append(saved, pack(text(file), changes));
  }
  return PyList_GET_SIZE(saved.get()) ? saved : none();
}

void restore_ctypes_libraries(PyObject* saved) {
  const std::vector<std::string>& known = own_libraries();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) {
    PyObject* entry = PyList_GET_ITEM(saved, i);
    const std::string file = utf8(item(entry, 0));
    if (std::find(known.begin(), known.end(), file) != known.end())
      set_image_changes(file, item(entry, 1));
  }
}

}  // namespace chkpt::heap
