// SPDX-License-Identifier: BSD-3-Clause
// A frame's object is freed when the frame is left, and with it the trace function it may have: an
// object of ours there, which traces nothing, is told so by being freed. See frame_dealloc() in
// CPython's Objects/frameobject.c.
#include "python/frames/shim.hpp"

#include "python/frames/return_watch.hpp"

#include <utility>

namespace chkpt::frames::return_watch {
namespace {

struct Sentinel {
  PyObject_HEAD PyFrameObject* frame;  // which owns the sentinel; null: forgotten
  void (*left)();
};

Sentinel* planted = nullptr;

void free_sentinel(PyObject* self) {
  auto* sentinel = reinterpret_cast<Sentinel*>(self);
  if (sentinel == planted) planted = nullptr;
  const bool told = sentinel->frame != nullptr;
  void (*const left)() = sentinel->left;
  PyObject_Free(self);
  if (told) left();
}

// A script that begins to trace meanwhile: as if the frame had no trace function.
PyObject* trace_nothing(PyObject*, PyObject*, PyObject*) { Py_RETURN_NONE; }

PyTypeObject make_type() {
  PyTypeObject type = {PyVarObject_HEAD_INIT(nullptr, 0)};
  type.tp_name = "chkpt.return_watch";
  type.tp_basicsize = sizeof(Sentinel);
  type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION;
  type.tp_dealloc = free_sentinel;
  type.tp_call = trace_nothing;
  return type;
}

Sentinel* new_sentinel() {
  static PyTypeObject type = make_type();
  static const bool ready = PyType_Ready(&type) == 0;
  return ready ? PyObject_New(Sentinel, &type) : nullptr;
}

// The object of a frame of this thread, made if there is none yet: only the innermost one's can be
// asked for, others by way of those they called. Null: there is none to be had.
Ref object_of(PyThreadState* ts, shim::InterpreterFrame* frame) {
  if (frame->frame_obj) return Ref::borrow(reinterpret_cast<PyObject*>(frame->frame_obj));
  Ref object = Ref::steal(reinterpret_cast<PyObject*>(PyThreadState_GetFrame(ts)));
  while (object && reinterpret_cast<PyFrameObject*>(object.get())->f_frame != frame)
    object = Ref::steal(reinterpret_cast<PyObject*>(
        PyFrame_GetBack(reinterpret_cast<PyFrameObject*>(object.get()))));
  return object;
}

}  // namespace

bool watch(PyThreadState* ts, shim::InterpreterFrame* frame, void (*left)()) {
  if (planted) return planted->frame == frame->frame_obj;
  if (shim::generator_of(frame) || ts->c_tracefunc) return false;
  const Ref object = object_of(ts, frame);
  auto* frame_object = reinterpret_cast<PyFrameObject*>(object.get());
  constexpr Py_ssize_t kOursAndTheFrames = 2;
  if (!object || Py_REFCNT(object.get()) != kOursAndTheFrames || frame_object->f_trace ||
      !(planted = new_sentinel())) {
    PyErr_Clear();
    return false;
  }
  planted->frame = frame_object;
  planted->left = left;
  frame_object->f_trace = reinterpret_cast<PyObject*>(planted);
  return true;
}

void forget() {
  Sentinel* sentinel = std::exchange(planted, nullptr);
  if (!sentinel) return;
  PyFrameObject* frame = std::exchange(sentinel->frame, nullptr);
  if (frame->f_trace == reinterpret_cast<PyObject*>(sentinel)) Py_CLEAR(frame->f_trace);
}

}  // namespace chkpt::frames::return_watch
