// SPDX-License-Identifier: BSD-3-Clause
// Frame objects whose code has returned (tracebacks, sys._getframe() kept by the script): they own
// a copy of their frame, which is taken apart and put together here.
#include "python/frames/shim.hpp"

#include "internal/pycore_gc.h"

#include "python/frames/objects.hpp"

#include "python/frames/capture.hpp"
#include "python/frames/other_threads.hpp"
#include "python/frames/stack.hpp"

namespace chkpt::frames {
namespace {

using shim::InterpreterFrame;

PyFrameObject* as_frame(PyObject* object) { return reinterpret_cast<PyFrameObject*>(object); }

// All local slots; those of a cleared frame are empty.
Ref all_locals(InterpreterFrame* f) {
  const int total = shim::code(f)->co_nlocalsplus;
  Ref list = checked(PyList_New(total));
  for (int i = 0; i < total; ++i) {
    PyObject* value = i < f->stacktop ? f->localsplus[i] : nullptr;
    PyList_SET_ITEM(list.get(), i, Py_NewRef(value ? value : null_marker()));
  }
  return list;
}

void set_locals(InterpreterFrame* f, PyObject* list) {
  const int total = shim::code(f)->co_nlocalsplus;
  for (int i = 0; i < total; ++i) {
    PyObject* before = f->localsplus[i];
    f->localsplus[i] = slot_from_item(PyList_GET_ITEM(list, i));
    Py_XDECREF(before);
  }
  f->stacktop = total;
}

}  // namespace

Ref frame_object_state(InterpreterFrame* f) {
  PyFrameObject* object = f->frame_obj;
  PyObject* extra = object ? shim::frame_extra(object) : nullptr;
  const bool is_new = !object || (object->f_trace_lines && !object->f_trace_opcodes && !extra);
  if (is_new) return Ref::borrow(Py_None);
  return checked(Py_BuildValue("(iiO)", static_cast<int>(object->f_trace_lines),
                               static_cast<int>(object->f_trace_opcodes), or_none(extra)));
}

int restore_frame_object(InterpreterFrame* f, PyObject* state) {
  if (state == Py_None) return 0;
  int trace_lines = 0, trace_opcodes = 0;
  PyObject* extra = nullptr;
  if (!PyArg_ParseTuple(state, "iiO", &trace_lines, &trace_opcodes, &extra)) return -1;
  PyFrameObject* object = _PyFrame_GetFrameObject(f);
  if (!object) return -1;
  object->f_trace_lines = static_cast<char>(trace_lines);
  object->f_trace_opcodes = static_cast<char>(trace_opcodes);
  if (extra != Py_None) shim::set_frame_extra(object, extra);
  return 0;
}

FrameOwner frame_owner(PyObject* frame) {
  switch (as_frame(frame)->f_frame->owner) {
    case FRAME_OWNED_BY_GENERATOR:
      return FrameOwner::kOfGenerator;
    case FRAME_OWNED_BY_FRAME_OBJECT:
      return FrameOwner::kDetached;
    default:
      return FrameOwner::kLive;
  }
}

PyObject* frame_generator(PyObject* frame) {
  return Py_NewRef(reinterpret_cast<PyObject*>(_PyFrame_GetGenerator(as_frame(frame)->f_frame)));
}

PyObject* frame_code(PyObject* frame) {
  return Py_NewRef(reinterpret_cast<PyObject*>(shim::code(as_frame(frame)->f_frame)));
}

namespace {

PyObject* describe_object(PyFrameObject* frame, PyObject* back) try {
  InterpreterFrame* f = frame->f_frame;
  const Ref locals = all_locals(f);
  return Py_BuildValue("(OiOOOiiiO)", or_none(shim::function(f)), shim::offset(f), locals.get(),
                       or_none(f->f_locals), or_none(back), frame->f_lineno,
                       static_cast<int>(frame->f_trace_lines),
                       static_cast<int>(frame->f_trace_opcodes), or_none(shim::frame_extra(frame)));
} catch (const PythonError& error) {
  PyErr_SetString(PyExc_RuntimeError, error.what());
  return nullptr;
}

}  // namespace

PyObject* frame_get(PyObject* object) {
  PyFrameObject* frame = as_frame(object);
  if (frame->f_frame->owner != FRAME_OWNED_BY_FRAME_OBJECT) {
    PyErr_SetString(PyExc_RuntimeError, "only a frame that has returned can be taken apart");
    return nullptr;
  }
  return describe_object(frame, reinterpret_cast<PyObject*>(frame->f_back));
}

PyObject* running_frame_get(PyObject* object) {
  PyFrameObject* frame = as_frame(object);
  const Ref back = Ref::steal(reinterpret_cast<PyObject*>(PyFrame_GetBack(frame)));
  return describe_object(frame, back.get());
}

PyObject* frame_new(PyObject* code, PyObject* globals) {
  if (!PyCode_Check(code) || !PyDict_Check(globals)) {
    PyErr_SetString(PyExc_TypeError, "a frame needs a code object and a dict of globals");
    return nullptr;
  }
  return reinterpret_cast<PyObject*>(
      PyFrame_New(PyThreadState_Get(), reinterpret_cast<PyCodeObject*>(code), globals, nullptr));
}

int frame_set(PyObject* object, PyObject* state) {
  PyFrameObject* frame = as_frame(object);
  InterpreterFrame* f = frame->f_frame;
  PyObject *function = nullptr, *locals = nullptr, *locals_dict = nullptr, *back = nullptr,
           *extra = nullptr;
  int offset = 0, line = 0, trace_lines = 0, trace_opcodes = 0;
  if (!PyArg_ParseTuple(state, "OiO!OOiiiO", &function, &offset, &PyList_Type, &locals,
                        &locals_dict, &back, &line, &trace_lines, &trace_opcodes, &extra))
    return -1;
  if (PyList_GET_SIZE(locals) != shim::code(f)->co_nlocalsplus) {
    PyErr_SetString(PyExc_RuntimeError, "saved frame object does not fit its code");
    return -1;
  }
  set_locals(f, locals);
  shim::set_offset(f, offset);
  if (PyFunction_Check(function)) {
    const Ref before = Ref::steal(shim::function(f));
    shim::set_function(f, reinterpret_cast<PyFunctionObject*>(function));
  }
  if (locals_dict != Py_None) Py_XSETREF(f->f_locals, Py_NewRef(locals_dict));
  if (back != Py_None) {
    Py_INCREF(back);
    Py_XSETREF(frame->f_back, as_frame(back));
  }
  if (extra != Py_None) shim::set_frame_extra(frame, extra);
  frame->f_lineno = line;
  frame->f_trace_lines = static_cast<char>(trace_lines);
  frame->f_trace_opcodes = static_cast<char>(trace_opcodes);
  return 0;
}

PyTypeObject* frame_view_type() { return shim::frame_view_type(); }

PyObject* frame_view_new() {
  PyTypeObject* type = shim::frame_view_type();
  if (type) return type->tp_alloc(type, 0);
  PyErr_SetString(PyExc_TypeError, "this Python has no views of frames");
  return nullptr;
}

PyObject* frame_view_get(PyObject* view) {
  return Py_NewRef(reinterpret_cast<PyObject*>(*shim::frame_of_view(view)));
}

int frame_view_set(PyObject* view, PyObject* frame) {
  if (Py_TYPE(view) != shim::frame_view_type() || !PyFrame_Check(frame)) {
    PyErr_SetString(PyExc_TypeError, "saved view of a frame without its frame");
    return -1;
  }
  Py_INCREF(frame);
  Py_XSETREF(*shim::frame_of_view(view), as_frame(frame));
  return 0;
}

int add_frozen_objects(PyObject* list) {
  constexpr std::uintptr_t kFlags = 3;  // the collector's, in the links
  PyGC_Head* const head = &PyInterpreterState_Get()->gc.permanent_generation.head;
  const auto next = [](const PyGC_Head* link) {
    return reinterpret_cast<PyGC_Head*>(link->_gc_next & ~kFlags);  // NOLINT
  };
  for (PyGC_Head* link = next(head); link != head; link = next(link))
    if (PyList_Append(list, reinterpret_cast<PyObject*>(link + 1)) < 0) return -1;
  return 0;
}

void mark_finalized(PyObject* object) { _PyGC_SET_FINALIZED(object); }

}  // namespace chkpt::frames
