// SPDX-License-Identifier: BSD-3-Clause
// The C code between a frame and its callee, instruction by instruction. A boundary is accepted
// only if CPython's own sources leave nothing to do for the C code but what the plan's Kind says.
#include "python/frames/shim.hpp"

#include "python/frames/boundary.hpp"
#include "python/frames/native/stand_ins.hpp"

#include <cstring>

namespace chkpt::frames {
namespace {

using shim::InterpreterFrame;

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

// Reading it is, at its end, a call of the callee: of a property's function, of the __get__ of
// another descriptor in Python, or of the class's __getattr__.
bool is_read_by(PyObject* owner, PyObject* found, PyObject* function) {
  if (Py_TYPE(owner)->tp_getattro == PyObject_GenericGetAttr)
    return found &&
           (Py_IS_TYPE(found, &PyProperty_Type) ? member(found, "fget") == function
                                                : type_attribute(found, "__get__") == function);
  return PyFunction_Check(function) && type_attribute(owner, "__getattr__") == function &&
         type_attribute(owner, "__getattribute__") == type_attribute(Py_None, "__getattribute__");
}

bool is_written_by(PyObject* owner, PyObject* found, PyObject* function) {
  return Py_TYPE(owner)->tp_setattro == PyObject_GenericSetAttr && found &&
         Py_IS_TYPE(found, &PyProperty_Type) && member(found, "fset") == function;
}

bool plan_attribute(const Boundary& b, std::string* reason) {
  const bool load = b.code.opcode(b.at) == shim::kLoadAttr;
  const int arg = b.code.arg(b.at);
  const int index = load ? shim::attribute_name_index(arg) : arg;
  PyObject* owner = b.base[b.depth - 1];
  PyObject* name = PyTuple_GET_ITEM(shim::code(b.frame)->co_names, index);
  PyObject* found = owner ? _PyType_Lookup(Py_TYPE(owner), name) : nullptr;
  const bool known = owner && (load ? is_read_by(owner, found, b.function)
                                    : is_written_by(owner, found, b.function));
  if (!known || (load && shim::attribute_is_method_load(arg)))
    return refuse(reason, "inside an attribute access that runs Python code");
  b.plan->kind = load ? kPush : kDrop;
  b.plan->stack_size = b.code.depth(b.plan->next) - (load ? 1 : 0);
  return true;
}

// __iter__ of a for statement; what it returns is looked at afterwards.
bool plan_iter(const Boundary& b, std::string* reason) {
  PyObject* iterable = b.base[b.depth - 1];
  if (!iterable || !PyFunction_Check(b.function) ||
      type_attribute(iterable, "__iter__") != b.function)
    return refuse(reason, "inside C code that makes an iterator");
  b.plan->kind = kPush;
  b.plan->stack_size = b.depth - 1;
  b.plan->natives = native_frames_for_iter();
  return bool(b.plan->natives);
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

PyObject* member(PyObject* object, const char* name) {
  PyObject* value = PyObject_GetAttrString(object, name);
  if (!value) PyErr_Clear();
  Py_XDECREF(value);
  return value;
}

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
  bool accepted = false;
  if (plan_native(b, &accepted, reason)) return accepted;
  const int op = code.opcode(at);
  if (is_call(op)) return plan_call(b, reason);
  if (op == shim::kForIter || op == shim::kSend) return plan_iteration(b, reason);
  if (shim::generator_of(callee)) return refuse(reason, "inside C code that advances a generator");
  if (op == shim::kBeforeWith) return plan_enter(b, reason);
  if (op == shim::kWithExceptStart) return plan_exit_on_exception(b, reason);
  if (op == shim::kLoadAttr || op == shim::kStoreAttr) return plan_attribute(b, reason);
  if (op == shim::kGetIter) return plan_iter(b, reason);
  if (op == shim::kBinarySubscr || op == shim::kStoreSubscr || op == shim::kDeleteSubscr)
    return plan_item(b, reason);
  if (op == shim::kImportName) return refuse(reason, "inside an import");
  return refuse(reason, "inside an operator or conversion that runs Python code");
}

}  // namespace chkpt::frames
