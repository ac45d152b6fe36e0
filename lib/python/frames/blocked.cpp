// SPDX-License-Identifier: BSD-3-Clause
// The innermost frame inside a C function it has called: planned to stand before the call, so that
// a resume makes the call again. Accepted only if the value stack provably still holds what the
// call was made with and nothing but that one C function is between the frame and the caller.
#include "python/frames/shim.hpp"

#include "python/frames/chain.hpp"
#include "python/frames/other_threads.hpp"

#include <algorithm>
#include <cstring>

namespace chkpt::frames {
namespace {

using shim::InterpreterFrame;

bool is_call(int op) {
  return op == shim::kCall || op == shim::kPrecall || op == shim::kCallKw ||
         op == shim::kCallFunctionEx;
}

// A function that is C code itself, not something that leads to other callables.
bool is_c_function(PyObject* c) {
  return c && (PyCFunction_CheckExact(c) || Py_IS_TYPE(c, &PyMethodDescr_Type) ||
               Py_IS_TYPE(c, &PyCMethod_Type) ||
               std::strcmp(Py_TYPE(c)->tp_name, "cython_function_or_method") == 0);
}

// The last instruction before `at` that begins with `depth` values on the stack; -1: none.
int last_at_depth(const CodeAnalysis& code, int at, int depth) {
  int found = code.previous(at);
  while (found >= 0 && code.depth(found) != depth) found = code.previous(found);
  return found;
}

}  // namespace

bool arguments_are_alive(InterpreterFrame* frame, const CodeAnalysis& code, int at, int depth) {
  const bool keywords = (code.arg(at) & 1) != 0;
  const int before = code.previous(at);
  if (before < 0 || (keywords && !shim::makes_dict(code.opcode(before)))) return false;
  // What comes between the tuple and the call only builds the keywords.
  const int after_tuple = keywords ? last_at_depth(code, at, depth - 1) : at;
  const int maker = after_tuple > 0 ? code.previous(after_tuple) : -1;
  if (maker >= 0 && shim::makes_args_tuple(code.opcode(maker), code.arg(maker))) return true;
  PyObject* arguments = shim::stack_base(frame)[depth - (keywords ? 2 : 1)];
  PyCodeObject* co = shim::code(frame);
  for (int i = 0; i < co->co_nlocalsplus; ++i)
    if (arguments && frame->localsplus[i] == arguments) return PyTuple_CheckExact(arguments);
  return false;
}

namespace {

// Where execution has to start for the call to be made again with its keyword names.
int restart_of(const CodeAnalysis& code, int at) {
  int first = at;
  if (code.opcode(at) == shim::kCall && shim::kPrecall >= 0) first = code.previous(at);
  if (first < 0 || (shim::kPrecall >= 0 && code.opcode(at) == shim::kCall &&
                    code.opcode(first) != shim::kPrecall))
    return -1;
  const int before = code.previous(first);
  if (before >= 0 && code.opcode(before) == shim::kKwNames) first = before;
  return code.with_prefixes(first);
}

shim::CallSlots slots_of(InterpreterFrame* frame, const CodeAnalysis& code, int at) {
  const int op = code.opcode(at);
  return op == shim::kCallFunctionEx ? shim::call_ex_slots(code.depth(at), code.arg(at))
                                     : shim::call_slots(shim::stack_base(frame), code.depth(at),
                                                        code.arg(at), op == shim::kCallKw);
}

}  // namespace

bool plan_blocked_call(InterpreterFrame* frame, const CodeAnalysis& code, FramePlan* plan,
                       std::string* reason) {
  const int at = shim::offset(frame);
  if (!is_call(code.opcode(at))) {
    *reason = "inside C code that no call instruction started";
    return false;
  }
  const shim::CallSlots slots = slots_of(frame, code, at);
  PyObject* callable = slots.callable >= 0 ? shim::stack_base(frame)[slots.callable] : nullptr;
  if (!is_c_function(callable)) {
    *reason = "inside C code behind " + name_of_callable(callable);
    return false;
  }
  if (code.opcode(at) == shim::kCallFunctionEx &&
      !arguments_are_alive(frame, code, at, code.depth(at))) {
    *reason = "inside a call with unpacked arguments that are gone";
    return false;
  }
  plan->kind = kTop;
  plan->next = restart_of(code, at);
  plan->stack_size = code.depth(plan->next);
  if (plan->next < 0 || plan->stack_size != code.depth(at)) {
    *reason = "inside a call of unknown shape";
    return false;
  }
  return true;
}

namespace {

// What the frame is calling by its current instruction; nothing if it is at no call.
BlockedCallable callable_of(InterpreterFrame* frame) {
  const CodeAnalysis* code = CodeAnalysis::of(shim::code(frame));
  const int at = shim::offset(frame);
  if (!code || at < 0 || at >= code->size() || !is_call(code->opcode(at))) return {};
  const shim::CallSlots slots = slots_of(frame, *code, at);
  if (slots.callable < 0) return {};
  PyObject** base = shim::stack_base(frame);
  BlockedCallable blocked;
  blocked.callable = base[slots.callable];
  if (!blocked.callable) return {};
  if (PyCFunction_Check(blocked.callable)) blocked.self = PyCFunction_GET_SELF(blocked.callable);
  if (!blocked.self && slots.self >= 0) blocked.self = base[slots.self];
  // The other slot below the arguments may be empty.
  for (int i = std::max(slots.callable, slots.self) + 1; i < code->depth(at); ++i) {
    if (base[i]) blocked.arguments.push_back(base[i]);
  }
  return blocked;
}

InterpreterFrame* frame_in_thread(unsigned long ident) {
  PyThreadState* ts = PyInterpreterState_ThreadHead(PyInterpreterState_Main());
  while (ts && ts->thread_id != ident) ts = PyThreadState_Next(ts);
  return ts ? shim::innermost(ts) : nullptr;
}

}  // namespace

BlockedCallable blocked_callable(const StackPlan& plan) {
  if (plan.frames().empty() || plan.innermost() != Innermost::kBlockedCall) return {};
  return callable_of(plan.frames().front().frame);
}

// When a call has returned, its result stands where the callable was.
BlockedCallable call_in_thread(unsigned long ident, PyObject** code) {
  InterpreterFrame* frame = frame_in_thread(ident);
  if (!frame) return {};
  *code = reinterpret_cast<PyObject*>(shim::code(frame));
  BlockedCallable called = callable_of(frame);
  return is_c_function(called.callable) ? called : BlockedCallable();
}

std::string place_in_thread(unsigned long ident) {
  InterpreterFrame* frame = frame_in_thread(ident);
  return frame ? place_of(frame) : "";
}

}  // namespace chkpt::frames
