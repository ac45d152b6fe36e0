// SPDX-License-Identifier: BSD-3-Clause
// A planned stack as plain Python objects.
#include "python/frames/shim.hpp"

#include "python/frames/capture.hpp"

#include "python/frames/chain.hpp"
#include "python/frames/stack.hpp"

namespace chkpt::frames {
namespace {

using shim::InterpreterFrame;

PyTypeObject* null_type() {
  static PyTypeObject type = {PyVarObject_HEAD_INIT(nullptr, 0)};
  if (!(type.tp_flags & Py_TPFLAGS_READY)) {
    type.tp_name = "chkpt.null";
    type.tp_basicsize = sizeof(PyObject);
    type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION;
    if (PyType_Ready(&type) < 0) return nullptr;
  }
  return &type;
}

// The object the callee's name stands for now, for calls whose callable is overwritten by their
// result. Follows global, local and module attribute loads; null for anything else. Borrowed.
PyObject* named_callable(InterpreterFrame* f, const CodeAnalysis& code, int call, int slot) {
  int load = code.previous(call);
  while (load >= 0 && code.depth(load) != slot) load = code.previous(load);
  if (load < 0) return nullptr;
  PyObject* names = shim::code(f)->co_names;
  const int op = code.opcode(load);
  PyObject* value = nullptr;
  if (op == shim::kLoadFast) value = f->localsplus[code.arg(load)];
  if (op == shim::kLoadGlobal || op == shim::kLoadName) {
    const int index =
        op == shim::kLoadGlobal ? shim::global_name_index(code.arg(load)) : code.arg(load);
    PyObject* name = PyTuple_GET_ITEM(names, index);
    if (op == shim::kLoadName && f->f_locals && PyDict_CheckExact(f->f_locals))
      value = PyDict_GetItemWithError(f->f_locals, name);
    if (!value && PyDict_CheckExact(f->f_globals))
      value = PyDict_GetItemWithError(f->f_globals, name);
    if (!value && PyDict_CheckExact(f->f_builtins))
      value = PyDict_GetItemWithError(f->f_builtins, name);
  }
  for (int at = code.next(load); value && at < call && code.opcode(at) == shim::kLoadAttr;
       at = code.next(at)) {
    PyObject* name = PyTuple_GET_ITEM(names, shim::attribute_name_index(code.arg(at)));
    value =
        PyModule_Check(value) ? PyDict_GetItemWithError(PyModule_GetDict(value), name) : nullptr;
  }
  PyErr_Clear();
  return value;
}

// Has the innermost frame just completed a call of `expected`?
bool has_just_called(InterpreterFrame* f, PyObject* expected) {
  const CodeAnalysis* code = CodeAnalysis::of(shim::code(f));
  const int at = shim::offset(f);
  if (!code || at < 0 || at >= code->size()) return false;
  const int op = code->opcode(at);
  const bool plain = op == shim::kCall || op == shim::kPrecall || op == shim::kCallKw;
  if (!plain && op != shim::kCallFunctionEx) return false;
  // The result stands where the lowest operand was; above it the stack still shows what was there.
  const int depth = code->depth(at);
  const int lowest = plain ? depth - code->arg(at) - 2 - (op == shim::kCallKw ? 1 : 0)
                           : depth - 3 - (code->arg(at) & 1);
  if (depth < 0 || lowest < 0) return false;
  if (shim::kCallableOutlivesCall) return shim::stack_base(f)[lowest + 1] == expected;
  return named_callable(f, *code, at, lowest) == expected;
}

}  // namespace

Ref describe_frame(const FramePlan& plan) {
  InterpreterFrame* f = plan.frame;
  PyCodeObject* co = shim::code(f);
  Ref stack = slots_to_list(f->localsplus + co->co_nlocalsplus, plan.stack_size);
  if (plan.top) checked(PyList_SetItem(stack.get(), plan.stack_size - 1, plan.top.new_ref()));
  const Ref locals = slots_to_list(f->localsplus, co->co_nlocalsplus);
  PyObject* generator = or_none(reinterpret_cast<PyObject*>(shim::generator_of(f)));
  return checked(Py_BuildValue("[OOOiiiOOOOOO]", co, shim::function(f), or_none(f->f_locals),
                               static_cast<int>(plan.kind), plan.next, plan.jump, locals.get(),
                               stack.get(), generator,
                               plan.extra ? plan.extra.get() : null_marker(),
                               frame_object_state(f).get(), or_none(plan.natives.get())));
}

PyObject* null_marker() {
  static PyObject* marker = [] {
    PyTypeObject* type = null_type();
    return type ? PyObject_New(PyObject, type) : nullptr;
  }();
  if (!marker) throw PythonError("cannot make the marker of empty slots");
  return marker;
}

Ref slots_to_list(PyObject** slots, int n) {
  Ref list = checked(PyList_New(n));
  for (int i = 0; i < n; ++i)
    PyList_SET_ITEM(list.get(), i, Py_NewRef(slots[i] ? slots[i] : null_marker()));
  return list;
}

PyObject* slot_from_item(PyObject* item) {
  return item == null_marker() ? nullptr : Py_NewRef(item);
}

StackState describe_stack(const StackPlan& plan) {
  StackState state;
  state.frames = checked(PyList_New(0));
  state.frame_objects = checked(PyList_New(0));
  for (auto it = plan.frames().rbegin(); it != plan.frames().rend(); ++it) {
    checked(PyList_Append(state.frames.get(), describe_frame(*it).get()));
    const bool own = !shim::generator_of(it->frame);
    PyObject* object = own ? reinterpret_cast<PyObject*>(it->frame->frame_obj) : nullptr;
    checked(PyList_Append(state.frame_objects.get(), or_none(object)));
  }
  const _PyErr_StackItem* item = shim::main_thread_state()->exc_info;
  while (item->previous_item) item = item->previous_item;
  state.base_exception = Ref::borrow(or_none(item->exc_value));
  return state;
}

bool replace_call_result(StackState& state, PyObject* expected_callable, PyObject* value) {
  const Py_ssize_t n = PyList_GET_SIZE(state.frames.get());
  if (n == 0) return false;
  InterpreterFrame* f = shim::innermost(shim::main_thread_state());
  PyObject* described = PyList_GET_ITEM(state.frames.get(), n - 1);
  PyObject* stack = PyList_GET_ITEM(described, kStack);
  const Py_ssize_t top = PyList_GET_SIZE(stack) - 1;
  if (!f || PyList_GET_ITEM(described, kCode) != reinterpret_cast<PyObject*>(shim::code(f)) ||
      top < 0 || PyList_GET_ITEM(stack, top) != shim::stack_base(f)[top])
    return false;
  if (!has_just_called(f, expected_callable)) return false;
  checked(PyList_SetItem(stack, top, Py_NewRef(value)));
  return true;
}

std::vector<FrameLine> stack_lines(const StackPlan& plan) {
  const auto text = [](PyObject* unicode) {
    const char* utf8 = PyUnicode_AsUTF8(unicode);
    if (!utf8) PyErr_Clear();
    return std::string(utf8 ? utf8 : "?");
  };
  std::vector<FrameLine> lines;
  for (auto it = plan.frames().rbegin(); it != plan.frames().rend(); ++it) {
    PyCodeObject* co = shim::code(it->frame);
    FrameLine line;
    line.file = text(co->co_filename);
    line.line = PyCode_Addr2Line(co, shim::offset(it->frame) * 2);
    line.function = text(co->co_qualname);
    for (int i = 0; i < co->co_nlocalsplus; ++i)
      if (it->frame->localsplus[i])
        line.locals.push_back(text(PyTuple_GET_ITEM(co->co_localsplusnames, i)));
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace chkpt::frames
