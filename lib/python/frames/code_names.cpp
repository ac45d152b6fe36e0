// SPDX-License-Identifier: BSD-3-Clause
// Which names of its module a piece of code looks at.
#include "python/frames/shim.hpp"

#include "python/frames/depth.hpp"
#include "python/frames/objects.hpp"

namespace chkpt::frames {

PyObject* code_globals(PyObject* code) {
  auto* object = reinterpret_cast<PyCodeObject*>(code);
  const CodeAnalysis* analysis = CodeAnalysis::of(object);
  if (!analysis) {
    PyErr_SetString(PyExc_RuntimeError, "code that cannot be read");
    return nullptr;
  }
  Ref names = Ref::steal(PyList_New(0));
  for (int unit = 0; names && unit < analysis->size(); unit = analysis->next(unit)) {
    const bool global = analysis->opcode(unit) == shim::kLoadGlobal;
    if (!global && analysis->opcode(unit) != shim::kLoadName) continue;
    const int index = global ? analysis->arg(unit) >> 1 : analysis->arg(unit);
    if (PyList_Append(names.get(), PyTuple_GET_ITEM(object->co_names, index)) < 0) return nullptr;
  }
  return names.release();
}

}  // namespace chkpt::frames
