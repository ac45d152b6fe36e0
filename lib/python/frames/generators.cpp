// SPDX-License-Identifier: BSD-3-Clause
// Generators, coroutines and async generators taken apart and put together. They share one layout.
#include "python/frames/shim.hpp"

#include "python/frames/objects.hpp"

#include "python/frames/capture.hpp"
#include "python/frames/stack.hpp"

#include <cstring>

namespace chkpt::frames {
namespace {

using shim::InterpreterFrame;

PyGenObject* as_generator(PyObject* object) { return reinterpret_cast<PyGenObject*>(object); }

// Whether its frame has contents and stands still. From 3.12 on a generator that is closed before
// its start has finished, but keeps its arguments for as long as it exists.
bool keeps_frame(int state) {
  return state != shim::kGeneratorExecuting && state != shim::kGeneratorCleared;
}

// (function, f_locals|None, offset, locals, stack, state of the frame object|None) of a frame that
// is not running; else None.
Ref frame_state(PyGenObject* g) {
  if (!keeps_frame(g->gi_frame_state)) return Ref::borrow(Py_None);
  InterpreterFrame* f = shim::frame_of(g);
  const int locals = shim::code(f)->co_nlocalsplus;
  // From 3.13 on close() may clear the variables of a suspended one without running it.
  if (f->stacktop < locals) return Ref::borrow(Py_None);
  const Ref local_list = slots_to_list(f->localsplus, locals);
  const Ref stack_list = slots_to_list(f->localsplus + locals, f->stacktop - locals);
  return checked(Py_BuildValue("(OOiOOO)", shim::function(f), or_none(f->f_locals), shim::offset(f),
                               local_list.get(), stack_list.get(), frame_object_state(f).get()));
}

int restore_frame(PyGenObject* g, PyObject* state) {
  PyObject *function = nullptr, *locals_dict = nullptr, *locals = nullptr, *stack = nullptr,
           *frame_object = nullptr;
  int offset = 0;
  if (!PyArg_ParseTuple(state, "OOiOOO", &function, &locals_dict, &offset, &locals, &stack,
                        &frame_object))
    return -1;
  if (!PyFunction_Check(function)) {
    PyErr_SetString(PyExc_RuntimeError, "saved generator without its function");
    return -1;
  }
  InterpreterFrame* f = shim::frame_of(g);
  if (fill_frame(f, {function, locals_dict, locals, stack}) < 0) return -1;
  shim::set_offset(f, offset);
  return restore_frame_object(f, frame_object);
}

}  // namespace

PyObject* generator_code(PyObject* generator) {
  PyObject* code = shim::generator_code(as_generator(generator));
  return Py_NewRef(or_none(code));
}

bool generator_is_running(PyObject* generator) {
  return as_generator(generator)->gi_frame_state == shim::kGeneratorExecuting;
}

PyObject* generator_frame(PyObject* generator) {
  PyGenObject* g = as_generator(generator);
  if (!shim::frame_has_code(shim::frame_of(g))) {
    PyErr_SetString(PyExc_RuntimeError, "a finished generator has no frame");
    return nullptr;
  }
  return Py_XNewRef(reinterpret_cast<PyObject*>(_PyFrame_GetFrameObject(shim::frame_of(g))));
}

PyObject* generator_get(PyObject* generator) try {
  PyGenObject* g = as_generator(generator);
  // CPython initialises these only for the types that use them.
  const bool is_async = Py_IS_TYPE(generator, &PyAsyncGen_Type);
  PyObject* origin =
      is_async || Py_IS_TYPE(generator, &PyCoro_Type) ? g->gi_origin_or_finalizer : nullptr;
  const Ref frame = frame_state(g);
  const bool is_cleared = frame.is(Py_None) && g->gi_frame_state != shim::kGeneratorExecuting;
  return Py_BuildValue("(iOOOOOiii)",
                       is_cleared ? shim::kGeneratorCleared : static_cast<int>(g->gi_frame_state),
                       frame.get(), g->gi_name, g->gi_qualname, or_none(g->gi_exc_state.exc_value),
                       or_none(origin), is_async ? g->gi_hooks_inited : 0,
                       is_async ? g->gi_closed : 0, is_async ? g->gi_running_async : 0);
} catch (const PythonError& error) {
  PyErr_SetString(PyExc_RuntimeError, error.what());
  return nullptr;
}

PyObject* generator_new(PyTypeObject* type, PyObject* code) {
  if (type != &PyGen_Type && type != &PyCoro_Type && type != &PyAsyncGen_Type) {
    PyErr_Format(PyExc_TypeError, "%s is not a type of generators", type->tp_name);
    return nullptr;
  }
  if (!PyCode_Check(code)) {
    PyErr_SetString(PyExc_TypeError, "a generator needs its code object");
    return nullptr;
  }
  auto* co = reinterpret_cast<PyCodeObject*>(code);
  const Ref unnamed = Ref::steal(PyUnicode_FromString("?"));
  if (!unnamed) return nullptr;
  const int slots = co->co_nlocalsplus + co->co_stacksize;
  PyGenObject* g = PyObject_GC_NewVar(PyGenObject, type, slots);
  if (!g) return nullptr;
  InterpreterFrame* f = shim::frame_of(g);
  std::memset(static_cast<void*>(f), 0,
              static_cast<std::size_t>(shim::frame_size(co)) * sizeof(PyObject*));
  f->owner = FRAME_OWNED_BY_GENERATOR;
  g->gi_weakreflist = nullptr;
  g->gi_name = unnamed.new_ref();
  g->gi_qualname = unnamed.new_ref();
  g->gi_exc_state = {};
  g->gi_origin_or_finalizer = nullptr;
  g->gi_hooks_inited = 0;
  g->gi_closed = 0;
  g->gi_running_async = 0;
  g->gi_frame_state = shim::kGeneratorCleared;
  shim::init_generator_code(g, code);
  PyObject_GC_Track(reinterpret_cast<PyObject*>(g));
  return reinterpret_cast<PyObject*>(g);
}

int generator_set(PyObject* generator, PyObject* state) {
  PyGenObject* g = as_generator(generator);
  PyObject *frame = nullptr, *name = nullptr, *qualname = nullptr, *exception = nullptr,
           *origin = nullptr;
  int frame_state = 0, hooks = 0, closed = 0, running_async = 0;
  if (!PyArg_ParseTuple(state, "iOUUOOiii", &frame_state, &frame, &name, &qualname, &exception,
                        &origin, &hooks, &closed, &running_async))
    return -1;
  if (g->gi_frame_state != shim::kGeneratorCleared) {
    PyErr_SetString(PyExc_RuntimeError, "a generator's state can be set once only");
    return -1;
  }
  Py_XSETREF(g->gi_name, Py_NewRef(name));
  Py_XSETREF(g->gi_qualname, Py_NewRef(qualname));
  g->gi_exc_state.exc_value = exception == Py_None ? nullptr : Py_NewRef(exception);
  g->gi_origin_or_finalizer = origin == Py_None ? nullptr : Py_NewRef(origin);
  g->gi_hooks_inited = static_cast<char>(hooks);
  g->gi_closed = static_cast<char>(closed);
  g->gi_running_async = static_cast<char>(running_async);
  // A running one stays cleared until the call stack adopts and fills it.
  if (frame_state == shim::kGeneratorExecuting) return 0;
  if (frame == Py_None) {
    shim::drop_frame_code(g);
    return 0;
  }
  if (restore_frame(g, frame) < 0) return -1;
  g->gi_frame_state = static_cast<std::int8_t>(frame_state);
  return 0;
}

}  // namespace chkpt::frames
