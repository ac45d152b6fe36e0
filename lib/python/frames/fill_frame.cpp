// SPDX-License-Identifier: BSD-3-Clause
// A captured frame's contents put into an empty frame.
#include "python/frames/shim.hpp"

#include "python/frames/capture.hpp"

namespace chkpt::frames {

int fill_frame(shim::InterpreterFrame* f, const FrameContents& contents) {
  PyCodeObject* co = shim::code(f);
  const bool lists = PyFunction_Check(contents.function) && PyList_CheckExact(contents.locals) &&
                     PyList_CheckExact(contents.stack);
  if (!lists || PyList_GET_SIZE(contents.locals) != co->co_nlocalsplus ||
      PyList_GET_SIZE(contents.stack) > co->co_stacksize) {
    PyErr_Format(PyExc_RuntimeError, "saved frame of %U does not fit its code", co->co_qualname);
    return -1;
  }
  shim::set_function(f, reinterpret_cast<PyFunctionObject*>(contents.function));
  f->f_locals = contents.locals_dict == Py_None ? nullptr : Py_NewRef(contents.locals_dict);
  const int locals = co->co_nlocalsplus;
  const int stack = static_cast<int>(PyList_GET_SIZE(contents.stack));
  for (int i = 0; i < locals; ++i)
    f->localsplus[i] = slot_from_item(PyList_GET_ITEM(contents.locals, i));
  for (int i = 0; i < stack; ++i)
    f->localsplus[locals + i] = slot_from_item(PyList_GET_ITEM(contents.stack, i));
  f->stacktop = locals + stack;
  return 0;
}

}  // namespace chkpt::frames
