// SPDX-License-Identifier: BSD-3-Clause
// asyncio's C module tells where its fields are and hands out its callables only in use: a task of
// our own, on an event loop that does nothing, shows them.
#include "python/frames/shim.hpp"

#include "python/frames/tasks.hpp"

#include "python/frames/capture.hpp"
#include "python/frames/stack.hpp"
#include "python/frames/task_probe.hpp"

#include <cstring>

namespace chkpt::frames {
namespace {

constexpr auto& kLayout = shim::kTaskLayout;
constexpr int kReferences = 9;
constexpr int kTaskReferences = 4;

template <class Field>
Field& field(PyObject* object, std::ptrdiff_t offset) {
  return *reinterpret_cast<Field*>(reinterpret_cast<char*>(object) + offset);
}

PyObject*& reference(PyObject* object, std::ptrdiff_t offset) {
  return field<PyObject*>(object, offset);
}

constexpr std::ptrdiff_t common_reference(int i) {
  return static_cast<std::ptrdiff_t>(sizeof(PyObject)) +
         i * static_cast<std::ptrdiff_t>(sizeof(PyObject*));
}

constexpr std::ptrdiff_t kTaskOffsets[kTaskReferences] = {kLayout.waiter, kLayout.coroutine,
                                                          kLayout.name, kLayout.context};

int flag(PyObject* object, shim::TaskFlag where) {
  return (field<unsigned>(object, where.offset) & where.mask) != 0 ? 1 : 0;
}

void set_flag(PyObject* object, shim::TaskFlag where, int value) {
  unsigned& word = field<unsigned>(object, where.offset);
  if (where.mask == ~0U) {
    word = value ? 1 : 0;
  } else {
    word = value ? word | where.mask : word & ~where.mask;
  }
}

// The C type below the Python classes, or null.
PyTypeObject* native_type(PyTypeObject* type) {
  for (; type; type = type->tp_base) {
    const AsyncKind kind = async_kind(type);
    if (kind == AsyncKind::kFuture || kind == AsyncKind::kTask) return type;
  }
  return nullptr;
}

// What the attribute `name` of the C type says, whatever a class puts in its place.
Ref said(PyObject* object, PyTypeObject* native, const char* name) {
  PyObject* descriptor = PyDict_GetItemString(native->tp_dict, name);
  if (!descriptor && native->tp_base)
    descriptor = PyDict_GetItemString(native->tp_base->tp_dict, name);
  if (!descriptor || !Py_TYPE(descriptor)->tp_descr_get) {
    PyErr_Format(PyExc_TypeError, "%s has no %s", native->tp_name, name);
    return {};
  }
  return Ref::steal(
      Py_TYPE(descriptor)->tp_descr_get(descriptor, object, reinterpret_cast<PyObject*>(native)));
}

bool says(PyObject* object, PyTypeObject* native, const char* name, PyObject* expected) {
  const Ref value = said(object, native, name);
  return value && value.is(expected ? expected : Py_None);
}

bool says_flag(PyObject* object, PyTypeObject* native, const char* name, shim::TaskFlag where) {
  return says(object, native, name, flag(object, where) ? Py_True : Py_False);
}

// Believed only if the fields say what the attributes say.
bool layout_fits(PyObject* object, PyTypeObject* native, bool task) {
  static const char* const states[] = {"PENDING", "CANCELLED", "FINISHED"};
  if (native->tp_basicsize != (task ? kLayout.task_size : kLayout.future_size)) return false;
  const int state = field<int>(object, kLayout.state);
  const Ref named = said(object, native, "_state");
  if (!named || !PyUnicode_Check(named.get()) || state < 0 || state > 2 ||
      PyUnicode_CompareWithASCIIString(named.get(), states[state]) != 0)
    return false;
  const bool common =
      says(object, native, "_loop", reference(object, common_reference(0))) &&
      says(object, native, "_source_traceback", reference(object, common_reference(7))) &&
      says_flag(object, native, "_log_traceback", kLayout.log_traceback) &&
      says_flag(object, native, "_asyncio_future_blocking", kLayout.blocking);
  if (!common || !task) return common;
  return says(object, native, "_coro", reference(object, kLayout.coroutine)) &&
         says(object, native, "_fut_waiter", reference(object, kLayout.waiter)) &&
         says_flag(object, native, "_must_cancel", kLayout.must_cancel) &&
         says_flag(object, native, "_log_destroy_pending", kLayout.log_destroy_pending);
}

bool checked_layout(PyObject* object, bool* task) {
  PyTypeObject* native = native_type(Py_TYPE(object));
  *task = native && async_kind(native) == AsyncKind::kTask;
  // One that was never initialised has no loop, and its attributes say so in another way.
  if (native && (!reference(object, common_reference(0)) || layout_fits(object, native, *task)))
    return true;
  if (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_AttributeError))
    PyErr_Format(PyExc_TypeError, "a %s of another kind", Py_TYPE(object)->tp_name);
  return false;
}

void put(PyObject*& slot, PyObject* item) { Py_XSETREF(slot, slot_from_item(item)); }

// ---- a task of our own

constexpr const char* kProbe =
    "class Loop:\n"
    "    def get_debug(self):\n"
    "        return False\n"
    "    def call_soon(self, callback, *arguments, context=None):\n"
    "        self.called = callback\n"
    "    def call_exception_handler(self, context):\n"
    "        pass\n"
    "async def wait(future):\n"
    "    await future\n"
    "def numbered(module):\n"
    "    coroutine = wait(None)\n"
    "    task = module.Task(coroutine, loop=Loop())\n"
    "    module._unregister_task(task)\n"
    "    task._log_destroy_pending = False\n"
    "    coroutine.close()\n"
    "    return task.get_name()\n"
    "def probe(module):\n"
    "    loop = Loop()\n"
    "    future = module.Future(loop=loop)\n"
    "    task = module.Task(wait(future), loop=loop, name='')\n"
    "    module._unregister_task(task)\n"
    "    step = loop.called\n"
    "    step()\n"
    "    wakeup = future._callbacks[0][0]\n"
    "    future.cancel()\n"
    "    loop.called(future)\n"
    "    return step, wakeup, module.Future(loop=loop)\n";

struct Step {
  PyObject_HEAD PyObject* task;
  PyObject* exception;
};
struct FutureIterator {
  PyObject_HEAD PyObject* future;
};

Ref probe_namespace() {
  Ref globals = Ref::steal(PyDict_New());
  if (!globals || PyDict_SetItemString(globals.get(), "__builtins__", PyEval_GetBuiltins()) < 0)
    return {};
  const Ref code = Ref::steal(Py_CompileString(kProbe, "<chkpt>", Py_file_input));
  const Ref done =
      code ? Ref::steal(PyEval_EvalCode(code.get(), globals.get(), globals.get())) : Ref();
  return done ? globals : Ref();
}

bool fill_probe(TaskProbe& probe) {
  PyObject* module = asyncio_c_module();
  if (!module) return false;
  const Ref globals = probe_namespace();
  if (!globals) return false;
  PyObject* function = PyDict_GetItemString(globals.get(), "probe");
  const Ref found = Ref::steal(PyObject_CallOneArg(function, module));
  PyObject *step = nullptr, *wakeup = nullptr, *future = nullptr;
  if (!found || !PyArg_ParseTuple(found.get(), "OOO", &step, &wakeup, &future)) return false;
  if (async_kind(Py_TYPE(step)) != AsyncKind::kTaskStep || !PyCFunction_Check(wakeup)) {
    PyErr_SetString(PyExc_TypeError, "asyncio advances tasks in another way");
    return false;
  }
  probe.step_type = reinterpret_cast<PyTypeObject*>(Py_NewRef(Py_TYPE(step)));
  probe.wakeup = reinterpret_cast<PyCFunctionObject*>(wakeup)->m_ml;
  probe.numbered = Py_NewRef(PyDict_GetItemString(globals.get(), "numbered"));
  probe.future = Py_NewRef(future);
  return true;
}

}  // namespace

const TaskProbe* task_probe() {
  static TaskProbe probe;
  if (!probe.future && !fill_probe(probe)) return nullptr;
  return &probe;
}

PyObject* asyncio_c_module() {
  PyObject* modules = PyImport_GetModuleDict();
  PyObject* module = modules ? PyDict_GetItemString(modules, "_asyncio") : nullptr;
  if (!module || !PyModule_Check(module)) {
    PyErr_SetString(PyExc_ImportError, "the module _asyncio is not loaded");
    return nullptr;
  }
  return module;
}

AsyncKind async_kind(PyTypeObject* type) {
  const char* name = type->tp_name;
  const char* dot = std::strrchr(name, '.');
  if (type->tp_flags & Py_TPFLAGS_HEAPTYPE) {  // a Python class may have such a name as well
    PyObject* module = PyDict_GetItemString(type->tp_dict, "__module__");
    if (!dot || (module && PyUnicode_Check(module) &&
                 PyUnicode_CompareWithASCIIString(module, "_asyncio") != 0))
      return AsyncKind::kNone;
  }
  if (std::strcmp(name, "_asyncio.Future") == 0) return AsyncKind::kFuture;
  if (std::strcmp(name, "_asyncio.Task") == 0) return AsyncKind::kTask;
  if (std::strcmp(name, "_asyncio.FutureIter") == 0) return AsyncKind::kFutureIterator;
  if (std::strcmp(dot ? dot + 1 : name, "TaskStepMethWrapper") == 0) return AsyncKind::kTaskStep;
  return AsyncKind::kNone;
}

PyObject* future_get(PyObject* future) try {
  bool task = false;
  if (!checked_layout(future, &task)) return nullptr;
  const Ref references = slots_to_list(&reference(future, common_reference(0)), kReferences);
  const Ref more = checked(PyList_New(0));
  PyObject* marker = null_marker();
  const auto add = [&](PyObject* value) {
    checked(PyList_Append(more.get(), value ? value : marker));
  };
  add(reference(future, kLayout.cancelled_exception));
  for (int i = 0; task && i < kTaskReferences; ++i) add(reference(future, kTaskOffsets[i]));
  return Py_BuildValue("(OOiiiiii)", references.get(), more.get(),
                       field<int>(future, kLayout.state), flag(future, kLayout.log_traceback),
                       flag(future, kLayout.blocking), task ? flag(future, kLayout.must_cancel) : 0,
                       task ? flag(future, kLayout.log_destroy_pending) : 0,
                       task ? field<int>(future, kLayout.cancels) : 0);
} catch (const PythonError& error) {
  PyErr_SetString(PyExc_RuntimeError, error.what());
  return nullptr;
}

PyObject* future_new(PyTypeObject* type) {
  PyTypeObject* native = native_type(type);
  if (!native) {
    PyErr_Format(PyExc_TypeError, "%s is no kind of future", type->tp_name);
    return nullptr;
  }
  const Ref none = Ref::steal(PyTuple_New(0));
  return none ? native->tp_new(type, none.get(), nullptr) : nullptr;
}

int future_set(PyObject* future, PyObject* state) {
  PyObject *references = nullptr, *more = nullptr;
  int fut_state = 0, log_traceback = 0, blocking = 0, must_cancel = 0, log_pending = 0, cancels = 0;
  if (!PyArg_ParseTuple(state, "O!O!iiiiii", &PyList_Type, &references, &PyList_Type, &more,
                        &fut_state, &log_traceback, &blocking, &must_cancel, &log_pending,
                        &cancels))
    return -1;
  PyTypeObject* native = native_type(Py_TYPE(future));
  const bool task = native && async_kind(native) == AsyncKind::kTask;
  if (!native || native->tp_basicsize != (task ? kLayout.task_size : kLayout.future_size) ||
      PyList_GET_SIZE(references) != kReferences ||
      PyList_GET_SIZE(more) != 1 + (task ? kTaskReferences : 0)) {
    PyErr_SetString(PyExc_RuntimeError, "a saved future does not fit this interpreter");
    return -1;
  }
  for (int i = 0; i < kReferences; ++i)
    put(reference(future, common_reference(i)), PyList_GET_ITEM(references, i));
  put(reference(future, kLayout.cancelled_exception), PyList_GET_ITEM(more, 0));
  field<int>(future, kLayout.state) = fut_state;
  set_flag(future, kLayout.log_traceback, log_traceback);
  set_flag(future, kLayout.blocking, blocking);
  if (!task) return 0;
  for (int i = 0; i < kTaskReferences; ++i)
    put(reference(future, kTaskOffsets[i]), PyList_GET_ITEM(more, i + 1));
  set_flag(future, kLayout.must_cancel, must_cancel);
  set_flag(future, kLayout.log_destroy_pending, log_pending);
  field<int>(future, kLayout.cancels) = cancels;
  return 0;
}

PyObject* future_iterator_get(PyObject* iterator) {
  PyObject* future = reinterpret_cast<FutureIterator*>(iterator)->future;
  return Py_NewRef(future ? future : null_marker());
}

PyObject* future_iterator_new() {
  const TaskProbe* known = task_probe();
  if (!known) return nullptr;
  PyObject* iterator = PyObject_GetIter(known->future);
  if (iterator) Py_CLEAR(reinterpret_cast<FutureIterator*>(iterator)->future);
  return iterator;
}

int future_iterator_set(PyObject* iterator, PyObject* future_or_marker) {
  put(reinterpret_cast<FutureIterator*>(iterator)->future, future_or_marker);
  return 0;
}

PyObject* task_step_get(PyObject* object) {
  const auto* step = reinterpret_cast<Step*>(object);
  return PyTuple_Pack(2, step->task ? step->task : null_marker(),
                      step->exception ? step->exception : null_marker());
}

PyObject* task_step_new() {
  const TaskProbe* known = task_probe();
  if (!known) return nullptr;
  PyObject* object = PyObject_GC_New(PyObject, known->step_type);
  if (!object) return nullptr;
  auto* step = reinterpret_cast<Step*>(object);
  step->task = step->exception = nullptr;
  PyObject_GC_Track(object);
  return object;
}

int task_step_set(PyObject* object, PyObject* state) {
  PyObject *task = nullptr, *exception = nullptr;
  if (!PyArg_ParseTuple(state, "OO", &task, &exception)) return -1;
  auto* step = reinterpret_cast<Step*>(object);
  put(step->task, task);
  put(step->exception, exception);
  return 0;
}

PyObject* task_of_wakeup(PyObject* function) {
  if (!PyCFunction_CheckExact(function)) return nullptr;
  const auto* wakeup = reinterpret_cast<PyCFunctionObject*>(function);
  if (!wakeup->m_self || std::strcmp(wakeup->m_ml->ml_name, "task_wakeup") != 0) return nullptr;
  PyTypeObject* native = native_type(Py_TYPE(wakeup->m_self));
  return native && async_kind(native) == AsyncKind::kTask ? wakeup->m_self : nullptr;
}

PyObject* task_coroutine(PyObject* task) {
  bool is_task = false;
  if (checked_layout(task, &is_task) && is_task) return reference(task, kLayout.coroutine);
  PyErr_Clear();
  return nullptr;
}

bool task_must_cancel(PyObject* task) { return flag(task, kLayout.must_cancel) != 0; }

void set_task_coroutine(PyObject* task, PyObject* coroutine, bool must_cancel) {
  Py_XSETREF(reference(task, kLayout.coroutine), Py_NewRef(coroutine));
  set_flag(task, kLayout.must_cancel, must_cancel ? 1 : 0);
}

PyObject* task_advanced_by(PyObject* callable) {
  if (async_kind(Py_TYPE(callable)) == AsyncKind::kTaskStep)
    return reinterpret_cast<Step*>(callable)->task;
  return task_of_wakeup(callable);
}

PyObject* task_wakeup_new() {
  const TaskProbe* known = task_probe();
  return known ? PyCFunction_New(known->wakeup, nullptr) : nullptr;
}

int task_wakeup_set(PyObject* function, PyObject* task) {
  Py_XSETREF(reinterpret_cast<PyCFunctionObject*>(function)->m_self, Py_NewRef(task));
  return 0;
}

}  // namespace chkpt::frames
