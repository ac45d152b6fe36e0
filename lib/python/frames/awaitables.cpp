// SPDX-License-Identifier: BSD-3-Clause
// What a suspended coroutine may be waiting for: one step of an async generator, anext() with a
// default, coroutine.__await__(). CPython keeps their layouts to itself, but they begin alike in
// all supported versions: one or two references, then perhaps how far the step has come.
#include "python/frames/shim.hpp"

#include "python/frames/objects.hpp"

#include "python/frames/capture.hpp"
#include "python/frames/stack.hpp"

namespace chkpt::frames {
namespace {

struct Step {
  PyObject_HEAD PyObject* target;  // the generator, coroutine or awaitable it belongs to
  PyObject* argument;              // what to send or throw; null: nothing, or no such field
  int progress;                    // asend and athrow: not begun, begun, over
};
constexpr int kOver = 2;

struct Awaitable {
  PyTypeObject* type;
  bool has_argument;
  bool has_progress;
};
const Awaitable kAwaitables[] = {{&_PyAsyncGenASend_Type, true, true},
                                 {&_PyAsyncGenAThrow_Type, true, true},
                                 {&_PyAnextAwaitable_Type, true, false},
                                 {&_PyCoroWrapper_Type, false, false}};

const Awaitable* kind_of(PyTypeObject* type) {
  for (const Awaitable& kind : kAwaitables)
    if (kind.type == type) return &kind;
  PyErr_Format(PyExc_TypeError, "%s is not a type of awaitables", type->tp_name);
  return nullptr;
}

Step* as_step(PyObject* object) { return reinterpret_cast<Step*>(object); }

void put(PyObject** slot, PyObject* value) { Py_XSETREF(*slot, slot_from_item(value)); }

}  // namespace

std::vector<PyTypeObject*> awaitable_types() {
  std::vector<PyTypeObject*> types;
  for (const Awaitable& kind : kAwaitables) types.push_back(kind.type);
  return types;
}

PyObject* awaitable_new(PyTypeObject* type) {
  const Awaitable* kind = kind_of(type);
  if (!kind) return nullptr;
  PyObject* object = PyObject_GC_New(PyObject, type);
  if (!object) return nullptr;
  Step* step = as_step(object);
  step->target = nullptr;
  if (kind->has_argument) step->argument = nullptr;
  if (kind->has_progress) step->progress = kOver;  // or dropping it would warn
  PyObject_GC_Track(object);
  return object;
}

PyObject* awaitable_get(PyObject* object) {
  const Awaitable* kind = kind_of(Py_TYPE(object));
  if (!kind) return nullptr;
  const Step* step = as_step(object);
  PyObject* argument = kind->has_argument ? step->argument : nullptr;
  return Py_BuildValue("(OOi)", step->target ? step->target : null_marker(),
                       argument ? argument : null_marker(),
                       kind->has_progress ? step->progress : 0);
}

int awaitable_set(PyObject* object, PyObject* state) {
  const Awaitable* kind = kind_of(Py_TYPE(object));
  PyObject *target = nullptr, *argument = nullptr;
  int progress = 0;
  if (!kind || !PyArg_ParseTuple(state, "OOi", &target, &argument, &progress)) return -1;
  Step* step = as_step(object);
  put(&step->target, target);
  if (kind->has_argument) put(&step->argument, argument);
  if (kind->has_progress) step->progress = progress;
  return 0;
}

}  // namespace chkpt::frames
