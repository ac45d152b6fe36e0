// SPDX-License-Identifier: BSD-3-Clause
// Boundaries at calls.
#include "python/frames/shim.hpp"

#include "python/frames/boundary.hpp"
#include "python/frames/tasks.hpp"

#include <algorithm>
#include <cstring>

namespace chkpt::frames {
namespace {

// type.__call__: __new__ is done, __init__ runs; the caller gets the object.
bool plan_init(const Boundary& b, PyObject* type, std::string* reason) {
  PyObject* self = object_initialised(b, type);
  if (!self) return refuse(reason, "inside the construction of " + name_of_callable(type));
  b.plan->kind = kInit;
  b.plan->extra = Ref::borrow(self);
  return true;
}

// The context whose run() this is, borrowed; null: another callable.
PyObject* context_that_runs(const Boundary& b, const PlannedCall& call) {
  PyObject* callable = call.callable;
  PyObject* context = nullptr;
  const char* name = "";
  if (PyCFunction_CheckExact(callable)) {
    context = PyCFunction_GET_SELF(callable);
    name = reinterpret_cast<PyCFunctionObject*>(callable)->m_ml->ml_name;
  } else if (Py_IS_TYPE(callable, &PyMethodDescr_Type) && call.self >= 0) {
    context = b.base[call.self];
    name = reinterpret_cast<PyMethodDescrObject*>(callable)->d_method->ml_name;
  }
  return context && PyContext_CheckExact(context) && std::strcmp(name, "run") == 0 ? context
                                                                                   : nullptr;
}

// What it is to run. Borrowed; null if that cannot be told.
PyObject* first_argument(const Boundary& b, const PlannedCall& call) {
  if (b.code.opcode(b.at) != shim::kCallFunctionEx) {
    const int first = std::max(call.slot, call.self) + 1;
    return first < b.depth ? b.base[first] : nullptr;
  }
  if (!arguments_are_alive(b.frame, b.code, b.at, b.depth)) return nullptr;
  PyObject* arguments = b.base[b.depth - ((b.code.arg(b.at) & 1) ? 2 : 1)];
  const bool has = arguments && PyTuple_CheckExact(arguments) && PyTuple_GET_SIZE(arguments) > 0;
  return has ? PyTuple_GET_ITEM(arguments, 0) : nullptr;
}

// Context.run(function) leaves the context afterwards; what ends the step of a task does more.
bool plan_in_context(const Boundary& b, PyObject* context, PyObject* target, std::string* reason) {
  PyObject* task = target ? task_advanced_by(target) : nullptr;
  auto* generator = reinterpret_cast<PyObject*>(shim::generator_of(b.callee));
  if (!generator && target && tail_callee(target) == b.function) {
    b.plan->kind = kInContext;
    b.plan->extra = Ref::borrow(context);
  } else if (generator && task && task_coroutine(task) == generator) {
    b.plan->kind = kTaskStep;
    b.plan->extra = Ref::steal(PyTuple_Pack(2, context, task));
  } else {
    return refuse(reason, "inside " + name_of_callable(target) + " run in a context");
  }
  return bool(b.plan->extra);
}

// __exit__ at the normal end of a with statement, called as exit(None, None, None). While a bound
// method runs, the manager takes its place: calls of methods borrow the slot below the arguments.
bool is_normal_exit(const Boundary& b, const PlannedCall& call) {
  PyObject* manager = call.callable;
  if (b.code.opcode(b.at) == shim::kCallFunctionEx || call.self < 0) return false;
  const bool all_none = call.self + 3 == b.depth && b.base[call.self] == Py_None &&
                        b.base[call.self + 1] == Py_None && b.base[call.self + 2] == Py_None;
  return all_none && PyFunction_Check(b.function) &&
         unchanged_first_argument(b.callee) == manager &&
         type_attribute(manager, "__exit__") == b.function;
}

}  // namespace

bool is_partial(PyObject* c) { return std::strcmp(Py_TYPE(c)->tp_name, "functools.partial") == 0; }

PyObject* tail_callee(PyObject* c) {
  for (int hops = 0; c && hops < 8; ++hops) {
    if (PyFunction_Check(c) || PyType_Check(c)) return c;
    if (PyMethod_Check(c)) {
      c = PyMethod_GET_FUNCTION(c);
    } else if (!(Py_TYPE(c)->tp_flags & Py_TPFLAGS_HEAPTYPE)) {
      return c;
    } else if (is_partial(c)) {
      c = member(c, "func");
    } else {
      PyObject* call = type_attribute(c, "__call__");
      return call && PyFunction_Check(call) ? call : c;
    }
  }
  return c;
}

bool is_builtin(PyObject* c, const char* name) {
  if (!PyCFunction_CheckExact(c)) return false;
  const auto* f = reinterpret_cast<PyCFunctionObject*>(c);
  if (!f->m_self || !PyModule_Check(f->m_self) || std::strcmp(f->m_ml->ml_name, name) != 0)
    return false;
  const PyModuleDef* module = PyModule_GetDef(f->m_self);
  return module && std::strcmp(module->m_name, "builtins") == 0;
}

PyObject* object_initialised(const Boundary& b, PyObject* type) {
  PyObject* self = unchanged_first_argument(b.callee);
  const bool plain = Py_TYPE(type)->tp_call == PyType_Type.tp_call && self &&
                     PyObject_TypeCheck(self, reinterpret_cast<PyTypeObject*>(type)) &&
                     type_attribute(self, "__init__") == b.function;
  return plain ? self : nullptr;
}

bool is_call(int op) {
  return op == shim::kCall || op == shim::kPrecall || op == shim::kCallKw ||
         op == shim::kCallFunctionEx;
}

bool read_call(const Boundary& b, PlannedCall* call, std::string* reason) {
  const int op = b.code.opcode(b.at);
  const int arg = b.code.arg(b.at);
  const shim::CallSlots slots = op == shim::kCallFunctionEx
                                    ? shim::call_ex_slots(b.depth, arg)
                                    : shim::call_slots(b.base, b.depth, arg, op == shim::kCallKw);
  if (op == shim::kPrecall) b.plan->next = b.code.next(following_call(b.code, b.at));
  b.plan->stack_size = b.code.depth(b.plan->next) - 1;
  *call = {b.base[slots.callable], slots.callable, slots.self};
  if (b.plan->stack_size < 0 || !call->callable)
    return refuse(reason, "inside a call of unknown shape");
  if (op == shim::kCall || op == shim::kPrecall) {
    call->arguments = arg;
    call->first = b.base + b.depth - arg;
  }
  return true;
}

namespace {

// The names of the keyword arguments, a tuple; null: there are none. Borrowed.
PyObject* keyword_names(const Boundary& b) {
  const int op = b.code.opcode(b.at);
  if (op == shim::kCallKw) return b.base[b.depth - 1];
  int before = b.code.previous(b.at);
  if (op == shim::kCall && shim::kPrecall >= 0 && before >= 0) before = b.code.previous(before);
  if (before < 0 || shim::kKwNames < 0 || b.code.opcode(before) != shim::kKwNames) return nullptr;
  return PyTuple_GET_ITEM(shim::code(b.frame)->co_consts, b.code.arg(before));
}

bool unpacked_arguments(const Boundary& b, Ref* arguments, Ref* keywords) {
  const bool named = (b.code.arg(b.at) & 1) != 0;
  if (!arguments_are_alive(b.frame, b.code, b.at, b.depth)) return false;
  *arguments = Ref::borrow(b.base[b.depth - (named ? 2 : 1)]);
  if (named) *keywords = Ref::borrow(b.base[b.depth - 1]);
  return *arguments && PyTuple_CheckExact(arguments->get()) &&
         (!named || PyDict_CheckExact(keywords->get()));
}

}  // namespace

bool call_arguments(const Boundary& b, const PlannedCall& call, Ref* arguments, Ref* keywords) {
  const int op = b.code.opcode(b.at);
  if (op == shim::kCallFunctionEx) return unpacked_arguments(b, arguments, keywords);
  PyObject* names = keyword_names(b);
  const int given = b.code.arg(b.at);
  const int named = names ? static_cast<int>(PyTuple_GET_SIZE(names)) : 0;
  const int bound = call.self >= 0 ? 1 : 0;
  PyObject** first = b.base + b.depth - given - (op == shim::kCallKw ? 1 : 0);
  *arguments = checked(PyTuple_New(bound + given - named));
  if (bound) PyTuple_SET_ITEM(arguments->get(), 0, Py_NewRef(b.base[call.self]));
  for (int i = 0; i < given - named; ++i)
    PyTuple_SET_ITEM(arguments->get(), bound + i, Py_NewRef(first[i]));
  if (!names) return true;
  *keywords = checked(PyDict_New());
  for (int i = 0; i < named; ++i)
    checked(PyDict_SetItem(keywords->get(), PyTuple_GET_ITEM(names, i), first[given - named + i]));
  return true;
}

bool plan_call(const Boundary& b, std::string* reason) {
  PlannedCall call;
  if (!read_call(b, &call, reason)) return false;
  if (PyObject* context = context_that_runs(b, call))
    return plan_in_context(b, context, first_argument(b, call), reason);
  if (shim::generator_of(b.callee)) return plan_next(b, call, reason);
  if (plan_python_next(b, call)) return true;
  PyObject* target = tail_callee(call.callable);
  if (target == b.function || is_normal_exit(b, call)) {
    b.plan->kind = kPush;
    return true;
  }
  // Both do nothing after the code object has been evaluated. What they compile before, or a lookup
  // in a mapping of the user's, would run functions instead.
  if (!(shim::code(b.callee)->co_flags & CO_OPTIMIZED)) {
    if (is_builtin(call.callable, "eval")) b.plan->kind = kPush;
    if (is_builtin(call.callable, "exec")) b.plan->kind = kNone;
    if (b.plan->kind != kTop) return true;
  }
  if (target && PyType_Check(target)) return plan_init(b, target, reason);
  return refuse(reason, "inside " + name_of_callable(call.callable));
}

}  // namespace chkpt::frames
