// SPDX-License-Identifier: BSD-3-Clause
// Boundaries where an iterator is advanced, or a generator is sent something.
#include "python/frames/shim.hpp"

#include "python/frames/boundary.hpp"
#include "python/frames/native/stand_ins.hpp"

#include <cstring>

namespace chkpt::frames {

using shim::InterpreterFrame;

namespace {

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

}  // namespace

bool runs_next_of(const Boundary& b, PyObject* iterator) {
  return iterator && PyFunction_Check(b.function) &&
         type_attribute(iterator, "__next__") == b.function;
}

bool plan_next(const Boundary& b, const PlannedCall& call, std::string* reason) {
  auto* generator = reinterpret_cast<PyObject*>(shim::generator_of(b.callee));
  const int arguments = call.arguments;
  if (is_builtin(call.callable, "next") && call.self < 0 && (arguments == 1 || arguments == 2) &&
      call.first[0] == generator) {
    b.plan->kind = kAdvance;
    if (arguments == 2) b.plan->extra = Ref::borrow(call.first[1]);
    return true;
  }
  if (is_send(call.callable) && arguments == 1) {
    PyObject* self = PyCFunction_CheckExact(call.callable) ? PyCFunction_GET_SELF(call.callable)
                     : call.self >= 0                      ? b.base[call.self]
                                                           : nullptr;
    if (self == generator) {
      b.plan->kind = kAdvance;
      return true;
    }
  }
  return refuse(reason, "inside " + name_of_callable(call.callable) + " advancing a generator");
}

namespace {

// next(iterator), next(iterator, default); null: another call. Borrowed.
PyObject* advanced_by_next(const PlannedCall& call) {
  const bool is_next = is_builtin(call.callable, "next") && call.self < 0 &&
                       (call.arguments == 1 || call.arguments == 2);
  return is_next ? call.first[0] : nullptr;
}

void plan_as_next(const Boundary& b, const PlannedCall& call) {
  b.plan->kind = call.arguments == 2 ? kPythonNext : kPush;
  if (call.arguments == 2) b.plan->extra = Ref::borrow(call.first[1]);
}

}  // namespace

bool plan_python_next(const Boundary& b, const PlannedCall& call) {
  PyObject* iterator = advanced_by_next(call);
  if (!iterator || !runs_next_of(b, iterator)) return false;
  plan_as_next(b, call);
  return true;
}

namespace {

// What FOR_ITER or SEND advances. Borrowed; may be null.
PyObject* advanced_by_instruction(const Boundary& b) {
  const int top = b.code.opcode(b.at) == shim::kSend ? b.depth - 2 : b.depth - 1;
  return top >= 0 ? b.base[top] : nullptr;
}

void plan_as_iteration(const Boundary& b, Kind kind) {
  b.plan->kind = kind;
  b.plan->stack_size = b.depth - (b.code.opcode(b.at) == shim::kSend ? 1 : 0);
  b.plan->jump = b.code.jump(b.at);
}

}  // namespace

// FOR_ITER and SEND over the callee itself, not inlined; or over an iterator in Python.
bool plan_iteration(const Boundary& b, std::string* reason) {
  const bool send = b.code.opcode(b.at) == shim::kSend;
  PyObject* iterator = advanced_by_instruction(b);
  auto* generator = reinterpret_cast<PyObject*>(shim::generator_of(b.callee));
  const bool advances_generator = generator && iterator == generator;
  if (!advances_generator && (generator || !runs_next_of(b, iterator)))
    return refuse(reason, send ? "inside an await or yield from of a C iterator"
                               : "inside a for loop over a C iterator");
  plan_as_iteration(b, send ? kSend : advances_generator ? kForIter : kPythonNext);
  return true;
}

// ---- native frames

namespace {

// Does it wait for the callee, and the callee does nothing else? *inner: a native frame for what C
// code does with the callee's result before.
bool awaits_callee(const Boundary& b, NativeFrame::Awaits awaits, PyObject* awaited, Ref* inner) {
  auto* generator = reinterpret_cast<PyObject*>(shim::generator_of(b.callee));
  if (awaits == NativeFrame::Awaits::kItem)
    return generator ? generator == awaited : runs_next_of(b, awaited);
  if (awaits != NativeFrame::Awaits::kResult || generator) return false;
  PyObject* target = tail_callee(awaited);
  if (target == b.function) return true;
  PyObject* object = target && PyType_Check(target) ? object_initialised(b, target) : nullptr;
  if (!object) return false;
  *inner = described_native(kInitCode, Ref::steal(PyTuple_Pack(1, object)).get());
  return true;
}

bool awaits_frame(NativeFrame::Awaits awaits, PyObject* awaited, const NativeFrame& inner) {
  if (awaits == NativeFrame::Awaits::kItem) return awaited == inner.of();
  return awaits == NativeFrame::Awaits::kResult && identity(tail_callee(awaited)) == inner.of();
}

// From `awaited` by the native frames to the callee. Appends them to the plan.
bool plan_chain(const Boundary& b, NativeFrame::Awaits awaits, PyObject* awaited,
                const std::vector<const NativeFrame*>& frames) {
  for (const NativeFrame* frame : frames) {
    if (awaited && !awaits_frame(awaits, awaited, *frame)) return false;
    const Ref described = checked(describe_native(*frame));
    checked(PyList_Append(b.plan->natives.get(), described.get()));
    awaits = frame->awaits();
    awaited = frame->awaited();
    if (!awaited) return false;
  }
  Ref inner;
  if (!awaits_callee(b, awaits, awaited, &inner)) return false;
  if (inner) checked(PyList_Append(b.plan->natives.get(), inner.get()));
  return true;
}

// [*iterator], {*iterator}, list += iterator: what the instruction has so far is on the stack.
bool plan_collecting(const Boundary& b, const std::vector<const NativeFrame*>& frames) {
  const int op = b.code.opcode(b.at);
  const bool adds = op == shim::kBinaryOp && b.code.arg(b.at) == shim::kInplaceAdd;
  if (!adds && op != shim::kListExtend && op != shim::kSetUpdate) return false;
  const int place = b.depth - 1 - (adds ? 1 : b.code.arg(b.at));
  PyObject* container = place >= 0 ? b.base[place] : nullptr;
  PyObject* iterator = b.base[b.depth - 1];
  const bool known = container && (op == shim::kSetUpdate ? PySet_CheckExact(container)
                                                          : PyList_CheckExact(container));
  if (!known || !is_collected_here(iterator)) return false;
  const Collect what = op == shim::kSetUpdate ? Collect::kSet : Collect::kList;
  const Ref state = checked(collector_state(what, container, iterator, Py_None));
  checked(PyList_Append(b.plan->natives.get(), described_native(kCollectCode, state.get()).get()));
  b.plan->kind = adds ? kPush : kDrop;
  b.plan->stack_size = b.depth - (adds ? 2 : 1);
  return plan_chain(b, NativeFrame::Awaits::kItem, iterator, frames);
}

// The outermost native frame and the instruction that called it.
bool plan_outermost(const Boundary& b, const NativeFrame& outermost) {
  const int op = b.code.opcode(b.at);
  if (op == shim::kForIter || op == shim::kSend) {
    plan_as_iteration(b, op == shim::kSend ? kSend : kPythonNext);
    return advanced_by_instruction(b) == outermost.of();
  }
  PlannedCall call;
  std::string unused;
  if (!is_call(op) || !read_call(b, &call, &unused)) return false;
  b.plan->kind = kPush;
  if (identity(tail_callee(call.callable)) == outermost.of()) return true;
  plan_as_next(b, call);
  return advanced_by_next(call) == outermost.of();
}

std::string name_of_boundary(const Boundary& b) {
  PlannedCall call;
  std::string reason = "inside C code that calls Python code";
  if (is_call(b.code.opcode(b.at)) && read_call(b, &call, &reason))
    reason = "inside " + name_of_callable(call.callable);
  return reason;
}

}  // namespace

bool plan_native_going_on(const NativeCode& code, InterpreterFrame* callee, FramePlan* plan,
                          std::string* reason) {
  const std::vector<const NativeFrame*> frames = native_frames_of(plan->frame);
  const CodeAnalysis* analysis = CodeAnalysis::of(shim::code(plan->frame));
  const bool is_known = callee && analysis && !frames.empty() && &frames.front()->code() == &code;
  if (!plan->natives) plan->natives = checked(PyList_New(0));
  if (is_known &&
      plan_chain({plan->frame, *analysis, callee, plan, 0, 0, nullptr, shim::function(callee)},
                 NativeFrame::Awaits::kUnknown, nullptr, frames))
    return true;
  *reason = std::string("inside ") + code.name + " after a resume";
  return false;
}

namespace {

void look_at_natives(const Boundary& b, bool* found, bool* accepted) {
  const std::vector<const NativeFrame*> frames = native_frames_of(b.frame);
  b.plan->natives = checked(PyList_New(0));
  *accepted = plan_collecting(b, frames);
  *found = *accepted || !frames.empty();
  if (*accepted || !*found) return;
  b.plan->natives = checked(PyList_New(0));
  *accepted = plan_outermost(b, *frames.front()) &&
              plan_chain(b, NativeFrame::Awaits::kUnknown, nullptr, frames);
}

}  // namespace

bool plan_native(const Boundary& b, bool* accepted, std::string* reason) {
  bool found = true;
  try {
    look_at_natives(b, &found, accepted);
  } catch (const PythonError& error) {
    *accepted = false;
    *reason = error.what();
    return true;
  }
  if (!found) b.plan->natives.reset();
  if (found && !*accepted) *reason = name_of_boundary(b);
  return found;
}

}  // namespace chkpt::frames
