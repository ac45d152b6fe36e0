// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/ctypes_libraries.hpp"

#include <optional>
#include <string>
#include <utility>

#include "base/loaded_images.hpp"
#include "python/error.hpp"
#include "python/heap/call.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/modules/library_paths.hpp"
#include "python/heap/compiled/own_libraries.hpp"

namespace chkpt::heap {
namespace {

void note_library(PyObject* handle) {
  const std::string file = path_of_handle(PyLong_AsVoidPtr(handle)).value_or("");
  if (!is_own_binary(file)) return;
  if (const std::optional<LoadedImage> image = loaded_image(file)) note_own_library(*image);
}

PyCFunction g_open = nullptr;  // _ctypes.dlopen(name, flags)

PyObject* open_and_note(PyObject* self, PyObject* args) {
  PyObject* handle = g_open(self, args);
  if (!handle) return nullptr;
  const PendingException pending;
  try {
    note_library(handle);
  } catch (...) {  // bookkeeping of ours fails no call
    set_python_exception();
    note_unobserved("a library opened by ctypes", take_exception_text());
  }
  return handle;
}

}  // namespace

void watch_ctypes_libraries(PyObject* module) {
  if (module != loaded_module("_ctypes")) return;
  PyObject* open = find(PyModule_GetDict(module), "dlopen");
  if (!open || !PyCFunction_Check(open) || PyCFunction_GET_FLAGS(open) != METH_VARARGS) return;
  // In its definition, so that the script sees the very function.
  PyMethodDef* definition = reinterpret_cast<PyCFunctionObject*>(open)->m_ml;
  if (definition->ml_meth != open_and_note)
    g_open = std::exchange(definition->ml_meth, open_and_note);
}

}  // namespace chkpt::heap
