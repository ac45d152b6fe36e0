// SPDX-License-Identifier: BSD-3-Clause
// The end of a task's step: what asyncio's C code does when the coroutine that it has advanced
// comes back. A resumed coroutine comes back to us, so asyncio is made to take the step again with
// something in the coroutine's place that comes back at once, with the same.
#include "python/frames/shim.hpp"

#include "python/frames/tasks.hpp"

#include "python/frames/stack.hpp"
#include "python/frames/task_probe.hpp"

#include <utility>

#include "python/error.hpp"

namespace chkpt::frames {
namespace {

// What the coroutine came back with, and what must be so again before asyncio looks at it.
struct Replay {
  PyObject_HEAD PyObject *task, *coroutine;  // borrowed: alive while the step is taken
  PyObject* value;                           // null: the exception
  PyObject *type, *exception, *traceback;
  bool yielded, must_cancel, over;
};

PySendResult replay(PyObject* object, PyObject*, PyObject** result) {
  auto* self = reinterpret_cast<Replay*>(object);
  self->over = true;
  set_task_coroutine(self->task, self->coroutine, self->must_cancel);
  *result = std::exchange(self->value, nullptr);
  if (*result) return self->yielded ? PYGEN_NEXT : PYGEN_RETURN;
  PyErr_Restore(std::exchange(self->type, nullptr), std::exchange(self->exception, nullptr),
                std::exchange(self->traceback, nullptr));
  return PYGEN_ERROR;
}

void drop_replay(PyObject* object) {
  auto* self = reinterpret_cast<Replay*>(object);
  for (PyObject* held : {self->value, self->type, self->exception, self->traceback})
    Py_XDECREF(held);
  PyObject_Free(object);
}

PyTypeObject* replay_type() {
  static PyAsyncMethods methods{};
  static PyTypeObject type = {PyVarObject_HEAD_INIT(nullptr, 0)};
  if (!(type.tp_flags & Py_TPFLAGS_READY)) {
    methods.am_send = replay;
    type.tp_name = "chkpt.replay";
    type.tp_basicsize = sizeof(Replay);
    type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION;
    type.tp_dealloc = drop_replay;
    type.tp_as_async = &methods;
    if (PyType_Ready(&type) < 0) return nullptr;
  }
  return &type;
}

// Takes the value, or the pending exception.
Ref make_replay(PyObject* task, PyObject* value, bool yielded) {
  PyObject *type = nullptr, *exception = nullptr, *traceback = nullptr;
  if (!value) PyErr_Fetch(&type, &exception, &traceback);
  PyTypeObject* kind = replay_type();
  auto* made = kind ? PyObject_New(Replay, kind) : nullptr;
  if (!made) {
    Py_XDECREF(value);
    Py_XDECREF(type);
    Py_XDECREF(exception);
    Py_XDECREF(traceback);
    return {};
  }
  made->task = task;
  made->coroutine = task_coroutine(task);
  made->value = value;
  made->type = type;
  made->exception = exception;
  made->traceback = traceback;
  made->yielded = yielded;
  made->must_cancel = task_must_cancel(task);
  made->over = false;
  return Ref::steal(reinterpret_cast<PyObject*>(made));
}

// asyncio says which task runs when it takes a step.
bool leave_task(PyObject* task) {
  PyObject* module = asyncio_c_module();
  const Ref loop = module ? Ref::steal(PyObject_CallMethod(task, "get_loop", nullptr)) : Ref();
  if (!loop) return false;
  return bool(Ref::steal(PyObject_CallMethod(module, "_leave_task", "OO", loop.get(), task)));
}

Ref new_step(PyObject* task) {
  Ref step = Ref::steal(task_step_new());
  const Ref state = step ? Ref::steal(PyTuple_Pack(2, task, null_marker())) : Ref();
  if (!state || task_step_set(step.get(), state.get()) < 0) return {};
  return step;
}

}  // namespace

PyObject* finish_task_step(PyObject* context, PyObject* task, PyObject* value, bool yielded) {
  const Ref outcome = make_replay(task, value, yielded);
  if (!outcome || PyContext_Exit(context) < 0 || !leave_task(task)) return nullptr;
  const Ref coroutine = Ref::borrow(task_coroutine(task)), step = new_step(task);
  if (!step) return nullptr;
  const bool must_cancel = task_must_cancel(task);
  set_task_coroutine(task, outcome.get(), false);
  PyObject* result = PyObject_CallMethod(context, "run", "O", step.get());
  if (!reinterpret_cast<Replay*>(outcome.get())->over)
    set_task_coroutine(task, coroutine.get(), must_cancel);
  return result;
}

}  // namespace chkpt::frames
