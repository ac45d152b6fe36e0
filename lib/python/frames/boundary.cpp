// SPDX-License-Identifier: BSD-3-Clause
// The C code between a frame and its callee, instruction by instruction. A boundary is accepted
// only if CPython's own sources leave nothing to do for the C code but what the plan's Kind says.
#include "python/frames/shim.hpp"

#include "python/frames/chain.hpp"
#include "python/frames/tasks.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <vector>

namespace chkpt::frames {
namespace {

using shim::InterpreterFrame;

// One boundary under examination.
struct Boundary {
  InterpreterFrame* frame;
  const CodeAnalysis& code;
  InterpreterFrame* callee;
  FramePlan* plan;
  int at;              // the instruction that called
  int depth;           // values on the stack before it
  PyObject** base;     // the frame's value stack
  PyObject* function;  // the callee's
};

bool refuse(std::string* reason, std::string text) {
  *reason = std::move(text);
  return false;
}

PyObject* type_attribute(PyObject* object, const char* name) {
  PyObject* interned = PyUnicode_InternFromString(name);
  if (!interned) {
    PyErr_Clear();
    return nullptr;
  }
  PyObject* found = _PyType_Lookup(Py_TYPE(object), interned);
  Py_DECREF(interned);
  return found;
}

// A member of a C type: no Python code runs. Borrowed, kept alive by its owner.
PyObject* member(PyObject* object, const char* name) {
  PyObject* value = PyObject_GetAttrString(object, name);
  if (!value) PyErr_Clear();
  Py_XDECREF(value);
  return value;
}

// Python code that something other than the frame's instruction has started there: the eval breaker
// (signal handlers) or a deallocation. The frame's stack may then hold stale pointers, so this is
// asked before anything on it is looked at.
bool is_interruption(InterpreterFrame* frame, InterpreterFrame* callee) {
  PyCodeObject* co = shim::code(callee);
  if (PyUnicode_CompareWithASCIIString(co->co_name, "__del__") == 0) return true;
  if (co->co_argcount > 0 && callee->localsplus[0] && PyWeakref_Check(callee->localsplus[0]))
    return true;
  auto* frame_object = reinterpret_cast<PyObject*>(frame->frame_obj);
  if (!frame_object) return false;
  const int arguments =
      co->co_argcount + co->co_kwonlyargcount + ((co->co_flags & CO_VARARGS) ? 1 : 0);
  for (int i = 0; i < arguments; ++i) {
    PyObject* value = callee->localsplus[i];
    if (value == frame_object) return true;
    if (value && PyTuple_Check(value))
      for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(value); ++k)
        if (PyTuple_GET_ITEM(value, k) == frame_object) return true;
  }
  return false;
}

// What a call of `c` comes down to by nothing but tail calls. Borrowed.
PyObject* tail_callee(PyObject* c) {
  for (int hops = 0; c && hops < 8; ++hops) {
    if (PyFunction_Check(c) || PyType_Check(c)) return c;
    if (PyMethod_Check(c)) {
      c = PyMethod_GET_FUNCTION(c);
    } else if (!(Py_TYPE(c)->tp_flags & Py_TPFLAGS_HEAPTYPE)) {
      return c;
    } else if (std::strcmp(Py_TYPE(c)->tp_name, "functools.partial") == 0) {
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

bool is_send(PyObject* c) {
  const auto is_generator_type = [](PyTypeObject* t) {
    return t == &PyGen_Type || t == &PyCoro_Type;
  };
  if (Py_IS_TYPE(c, &PyMethodDescr_Type)) {
    const auto* d = reinterpret_cast<PyDescrObject*>(c);
    return is_generator_type(d->d_type) && PyUnicode_CompareWithASCIIString(d->d_name, "send") == 0;
  }
  if (!PyCFunction_CheckExact(c)) return false;
  const auto* f = reinterpret_cast<PyCFunctionObject*>(c);
  return f->m_self && is_generator_type(Py_TYPE(f->m_self)) &&
         std::strcmp(f->m_ml->ml_name, "send") == 0;
}

// type.__call__: __new__ is done, __init__ runs; the caller gets the object.
bool plan_init(const Boundary& b, PyObject* type, std::string* reason) {
  PyObject* self = unchanged_first_argument(b.callee);
  const bool plain = Py_TYPE(type)->tp_call == PyType_Type.tp_call && self &&
                     PyObject_TypeCheck(self, reinterpret_cast<PyTypeObject*>(type)) &&
                     type_attribute(self, "__init__") == b.function;
  if (!plain) return refuse(reason, "inside the construction of " + name_of_callable(type));
  b.plan->kind = kInit;
  b.plan->extra = Ref::borrow(self);
  return true;
}

// next(generator), next(generator, default), generator.send(value).
bool plan_next(const Boundary& b, PyObject* callable, const shim::CallSlots& slots,
               std::string* reason) {
  auto* generator = reinterpret_cast<PyObject*>(shim::generator_of(b.callee));
  const bool plain_call =
      b.code.opcode(b.at) == shim::kCall || b.code.opcode(b.at) == shim::kPrecall;
  const int arguments = plain_call ? b.code.arg(b.at) : -1;
  PyObject** first = b.base + b.depth - arguments;
  if (is_builtin(callable, "next") && slots.self < 0 && (arguments == 1 || arguments == 2) &&
      first[0] == generator) {
    b.plan->kind = kAdvance;
    if (arguments == 2) b.plan->extra = Ref::borrow(first[1]);
    return true;
  }
  if (is_send(callable) && arguments == 1) {
    PyObject* self = PyCFunction_CheckExact(callable) ? PyCFunction_GET_SELF(callable)
                     : slots.self >= 0                ? b.base[slots.self]
                                                      : nullptr;
    if (self == generator) {
      b.plan->kind = kAdvance;
      return true;
    }
  }
  return refuse(reason, "inside " + name_of_callable(callable) + " advancing a generator");
}

// A method __next__ in Python; what C code makes of its StopIteration is left to the caller.
bool runs_next_of(const Boundary& b, PyObject* iterator) {
  return iterator && PyFunction_Check(b.function) &&
         type_attribute(iterator, "__next__") == b.function;
}

// Advancing it runs no Python code, or that of a generator, whose frame would be seen.
bool is_plain_iterator(PyObject* iterator) {
  PyTypeObject* const plain[] = {&PyListIter_Type,     &PyTupleIter_Type,     &PyRangeIter_Type,
                                 &PySetIter_Type,      &PyDictIterKey_Type,   &PyDictIterValue_Type,
                                 &PyDictIterItem_Type, &PyUnicodeIter_Type,   &PyBytesIter_Type,
                                 &PyListRevIter_Type,  &PyLongRangeIter_Type, &PyGen_Type};
  return std::find(std::begin(plain), std::end(plain), Py_TYPE(iterator)) != std::end(plain);
}

// map() returns what its function returns, and goes no further. Not if another map below, or a
// __next__, could be what runs the function.
bool maps_by_callee(const Boundary& b, PyObject* iterator) {
  if (!iterator || !Py_IS_TYPE(iterator, &PyMap_Type)) return false;
  std::vector<PyObject*> parts;  // (iterators, function): Python/bltinmodule.c, map_traverse()
  const auto note = [](PyObject* part, void* all) {
    static_cast<std::vector<PyObject*>*>(all)->push_back(part);
    return 0;
  };
  PyMap_Type.tp_traverse(iterator, note, &parts);
  if (parts.size() != 2 || !PyTuple_CheckExact(parts[0]) || tail_callee(parts[1]) != b.function)
    return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(parts[0]); ++i)
    if (!is_plain_iterator(PyTuple_GET_ITEM(parts[0], i))) return false;
  return PyFunction_Check(b.function);
}

// next(iterator), next(iterator, default) where __next__ is written in Python.
bool plan_python_next(const Boundary& b, PyObject* callable, const shim::CallSlots& slots) {
  const bool plain_call =
      b.code.opcode(b.at) == shim::kCall || b.code.opcode(b.at) == shim::kPrecall;
  const int arguments = plain_call ? b.code.arg(b.at) : -1;
  if (!is_builtin(callable, "next") || slots.self >= 0 || (arguments != 1 && arguments != 2))
    return false;
  PyObject** first = b.base + b.depth - arguments;
  if (!runs_next_of(b, first[0])) return false;
  b.plan->kind = arguments == 2 ? kPythonNext : kPush;
  if (arguments == 2) b.plan->extra = Ref::borrow(first[1]);
  return true;
}

// The context whose run() this is, borrowed; null: another callable.
PyObject* context_that_runs(const Boundary& b, PyObject* callable, const shim::CallSlots& slots) {
  PyObject* context = nullptr;
  const char* name = "";
  if (PyCFunction_CheckExact(callable)) {
    context = PyCFunction_GET_SELF(callable);
    name = reinterpret_cast<PyCFunctionObject*>(callable)->m_ml->ml_name;
  } else if (Py_IS_TYPE(callable, &PyMethodDescr_Type) && slots.self >= 0) {
    context = b.base[slots.self];
    name = reinterpret_cast<PyMethodDescrObject*>(callable)->d_method->ml_name;
  }
  return context && PyContext_CheckExact(context) && std::strcmp(name, "run") == 0 ? context
                                                                                   : nullptr;
}

// What it is to run. Borrowed; null if that cannot be told.
PyObject* first_argument(const Boundary& b, const shim::CallSlots& slots) {
  if (b.code.opcode(b.at) != shim::kCallFunctionEx) {
    const int first = std::max(slots.callable, slots.self) + 1;
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
bool is_normal_exit(const Boundary& b, PyObject* manager, const shim::CallSlots& slots) {
  if (b.code.opcode(b.at) == shim::kCallFunctionEx || slots.self < 0) return false;
  const bool all_none = slots.self + 3 == b.depth && b.base[slots.self] == Py_None &&
                        b.base[slots.self + 1] == Py_None && b.base[slots.self + 2] == Py_None;
  return all_none && PyFunction_Check(b.function) &&
         unchanged_first_argument(b.callee) == manager &&
         type_attribute(manager, "__exit__") == b.function;
}

bool plan_call(const Boundary& b, std::string* reason) {
  const int op = b.code.opcode(b.at);
  const int arg = b.code.arg(b.at);
  const shim::CallSlots slots = op == shim::kCallFunctionEx
                                    ? shim::call_ex_slots(b.depth, arg)
                                    : shim::call_slots(b.base, b.depth, arg, op == shim::kCallKw);
  if (op == shim::kPrecall) b.plan->next = b.code.next(following_call(b.code, b.at));
  b.plan->stack_size = b.code.depth(b.plan->next) - 1;
  PyObject* callable = b.base[slots.callable];
  if (b.plan->stack_size < 0 || !callable) return refuse(reason, "inside a call of unknown shape");

  if (PyObject* context = context_that_runs(b, callable, slots))
    return plan_in_context(b, context, first_argument(b, slots), reason);
  if (shim::generator_of(b.callee)) return plan_next(b, callable, slots, reason);
  if (plan_python_next(b, callable, slots)) return true;
  PyObject* target = tail_callee(callable);
  if (target == b.function || is_normal_exit(b, callable, slots)) {
    b.plan->kind = kPush;
    return true;
  }
  // Both do nothing after the code object has been evaluated. What they compile before, or a lookup
  // in a mapping of the user's, would run functions instead.
  if (!(shim::code(b.callee)->co_flags & CO_OPTIMIZED)) {
    if (is_builtin(callable, "eval")) b.plan->kind = kPush;
    if (is_builtin(callable, "exec")) b.plan->kind = kNone;
    if (b.plan->kind != kTop) return true;
  }
  if (target && PyType_Check(target)) return plan_init(b, target, reason);
  return refuse(reason, "inside " + name_of_callable(callable));
}

// FOR_ITER and SEND over the callee itself, not inlined; FOR_ITER over an iterator in Python, or
// over a map() of a function in Python.
bool plan_iteration(const Boundary& b, std::string* reason) {
  const bool send = b.code.opcode(b.at) == shim::kSend;
  const int top = send ? b.depth - 2 : b.depth - 1;
  auto* generator = reinterpret_cast<PyObject*>(shim::generator_of(b.callee));
  const bool advances_generator = top >= 0 && generator && b.base[top] == generator;
  const bool runs_next = !send && !generator && top >= 0 &&
                         (runs_next_of(b, b.base[top]) || maps_by_callee(b, b.base[top]));
  if (!advances_generator && !runs_next)
    return refuse(reason, send ? "inside an await or yield from of a C iterator"
                               : "inside a for loop over a C iterator");
  b.plan->kind = runs_next ? kPythonNext : send ? kSend : kForIter;
  b.plan->stack_size = top + 1;
  b.plan->jump = b.code.jump(b.at);
  return true;
}

// __enter__ of a with statement. 3.11 has already put __exit__ in the manager's place; later
// versions keep it in a C variable, so it is bound again: exact for plain methods only.
bool plan_enter(const Boundary& b, std::string* reason) {
  PyObject* slot = b.base[b.depth - 1];
  bool known = false;
  if (shim::kExitIsOnStackDuringEnter) {
    PyObject* manager = slot && PyMethod_Check(slot) ? PyMethod_GET_SELF(slot) : nullptr;
    known = manager && type_attribute(manager, "__enter__") == b.function;
  } else if (slot && unchanged_first_argument(b.callee) == slot &&
             type_attribute(slot, "__enter__") == b.function) {
    PyObject* exit = type_attribute(slot, "__exit__");
    known = exit && PyFunction_Check(exit);
    if (known) b.plan->top = Ref::steal(PyMethod_New(exit, slot));
    if (known && !b.plan->top) {
      PyErr_Clear();
      known = false;
    }
  }
  if (!known) return refuse(reason, "inside __enter__ of a context manager written in C");
  b.plan->kind = kPush;
  b.plan->stack_size = b.depth;
  return true;
}

bool plan_exit_on_exception(const Boundary& b, std::string* reason) {
  PyObject* exit = b.base[b.depth - 4];
  if (tail_callee(exit) != b.function)
    return refuse(reason, "inside __exit__ of a context manager written in C");
  b.plan->kind = kPush;
  b.plan->stack_size = b.depth;
  return true;
}

bool plan_property(const Boundary& b, std::string* reason) {
  const bool load = b.code.opcode(b.at) == shim::kLoadAttr;
  const int arg = b.code.arg(b.at);
  const int index = load ? shim::attribute_name_index(arg) : arg;
  PyObject* owner = b.base[b.depth - 1];
  PyObject* name = PyTuple_GET_ITEM(shim::code(b.frame)->co_names, index);
  const bool generic = owner && (load ? Py_TYPE(owner)->tp_getattro == PyObject_GenericGetAttr
                                      : Py_TYPE(owner)->tp_setattro == PyObject_GenericSetAttr);
  PyObject* found = generic ? _PyType_Lookup(Py_TYPE(owner), name) : nullptr;
  const bool is_property = found && Py_IS_TYPE(found, &PyProperty_Type) &&
                           member(found, load ? "fget" : "fset") == b.function;
  if (!is_property || (load && shim::attribute_is_method_load(arg)))
    return refuse(reason, "inside an attribute access that runs Python code");
  b.plan->kind = load ? kPush : kDrop;
  b.plan->stack_size = b.code.depth(b.plan->next) - (load ? 1 : 0);
  return true;
}

bool plan_item(const Boundary& b, std::string* reason) {
  const int op = b.code.opcode(b.at);
  const char* method = op == shim::kBinarySubscr  ? "__getitem__"
                       : op == shim::kStoreSubscr ? "__setitem__"
                                                  : "__delitem__";
  PyObject* container = b.base[b.depth - 2];
  if (!container || type_attribute(container, method) != b.function)
    return refuse(reason, "inside a subscript that runs Python code");
  const bool load = op == shim::kBinarySubscr;
  b.plan->kind = load ? kPush : kDrop;
  b.plan->stack_size = b.code.depth(b.plan->next) - (load ? 1 : 0);
  return true;
}

// importlib calls C code that calls the module's; import statements end up there too.
bool is_import_machinery(InterpreterFrame* frame) {
  PyObject* file = shim::code(frame)->co_filename;
  const char* name = file && PyUnicode_Check(file) ? PyUnicode_AsUTF8(file) : nullptr;
  if (!name) PyErr_Clear();
  return name && std::strncmp(name, "<frozen importlib", 17) == 0;
}

}  // namespace

bool plan_c_boundary(InterpreterFrame* frame, const CodeAnalysis& code, InterpreterFrame* callee,
                     FramePlan* plan, std::string* reason) {
  if (is_interruption(frame, callee))
    return refuse(reason, "inside a finaliser, signal handler or weak reference callback");
  if (is_import_machinery(frame)) return refuse(reason, "inside an import");
  const int at = shim::offset(frame);
  const Boundary b{frame,
                   code,
                   callee,
                   plan,
                   at,
                   code.depth(at),
                   shim::stack_base(frame),
                   shim::function(callee)};
  plan->next = code.next(at);
  const int op = code.opcode(at);
  if (op == shim::kCall || op == shim::kPrecall || op == shim::kCallKw ||
      op == shim::kCallFunctionEx)
    return plan_call(b, reason);
  if (op == shim::kForIter || op == shim::kSend) return plan_iteration(b, reason);
  if (shim::generator_of(callee)) return refuse(reason, "inside C code that advances a generator");
  if (op == shim::kBeforeWith) return plan_enter(b, reason);
  if (op == shim::kWithExceptStart) return plan_exit_on_exception(b, reason);
  if (op == shim::kLoadAttr || op == shim::kStoreAttr) return plan_property(b, reason);
  if (op == shim::kBinarySubscr || op == shim::kStoreSubscr || op == shim::kDeleteSubscr)
    return plan_item(b, reason);
  if (op == shim::kImportName) return refuse(reason, "inside an import");
  return refuse(reason, "inside an operator or conversion that runs Python code");
}

}  // namespace chkpt::frames
