// SPDX-License-Identifier: BSD-3-Clause
// Boundaries with native frames: from the instruction by one to the next and to the callee, each
// the very one that the other waits for. Calls of lru_cache() wrappers and steps of iterators that
// keep nothing in C variables take part without having a frame.
#include "python/frames/shim.hpp"

#include "python/frames/boundary.hpp"
#include "python/frames/native/stand_ins.hpp"

namespace chkpt::frames {
namespace {

using shim::InterpreterFrame;
using Awaits = NativeFrame::Awaits;

// How far the way from the instruction to the callee is known.
struct Way {
  Awaits awaits = Awaits::kUnknown;
  PyObject* awaited = nullptr;  // borrowed
  Ref arguments, keywords;      // of an awaited call, if they are known
};

void add(const Boundary& b, const Ref& described) {
  checked(PyList_Append(b.plan->natives.get(), described.get()));
}

PyObject* generator_of(const Boundary& b) {
  return reinterpret_cast<PyObject*>(shim::generator_of(b.callee));
}

void put_in_front(PyObject* first, Ref* arguments) {
  *arguments = checked(PySequence_Concat(first, arguments->get()));
}

// functools.partial: its own keywords give way to those of the call.
bool add_arguments_of_partial(PyObject* partial, Way* way) {
  PyObject *first = member(partial, "args"), *named = member(partial, "keywords");
  if (!first || !PyTuple_CheckExact(first) || !named || !PyDict_CheckExact(named)) return false;
  put_in_front(first, &way->arguments);
  if (PyDict_GET_SIZE(named) == 0) return true;
  const Ref keywords = checked(PyDict_Copy(named));
  if (way->keywords) checked(PyDict_Update(keywords.get(), way->keywords.get()));
  way->keywords = keywords;
  return true;
}

// Of an awaited call that comes down to one of the lru_cache() wrapper, by methods and
// functools.partial: with what that is called. False: that cannot be told.
bool find_arguments_of(PyObject* wrapper, Way* way) {
  PyObject* callable = way->awaited;
  while (way->arguments && callable != wrapper) {
    if (PyMethod_Check(callable)) {
      put_in_front(checked(PyTuple_Pack(1, PyMethod_GET_SELF(callable))).get(), &way->arguments);
      callable = PyMethod_GET_FUNCTION(callable);
    } else if (is_partial(callable) && add_arguments_of_partial(callable, way)) {
      callable = member(callable, "func");
    } else {
      return false;
    }
  }
  return bool(way->arguments);
}

bool leads_to(const Way& way, const NativeFrame& frame) {
  if (way.awaits == Awaits::kItem) return way.awaited == frame.of();
  return way.awaits == Awaits::kResult && identity(tail_callee(way.awaited)) == frame.of();
}

// By a native frame.
bool advance(const Boundary& b, const NativeFrame& frame, Way* way) {
  add(b, checked(describe_native(frame)));
  way->awaits = frame.awaits();
  way->awaited = frame.awaited();
  way->arguments = Ref::steal(way->awaits == Awaits::kResult ? frame.arguments() : nullptr);
  way->keywords.reset();
  PyErr_Clear();
  return way->awaits != Awaits::kUnknown;
}

// By something that has no frame. False: there is nothing of the kind here.
bool advance_unrecorded(const Boundary& b, Way* way) {
  if (way->awaits == Awaits::kItem) {
    UnrecordedStep step;
    if (!find_unrecorded_step(way->awaited, generator_of(b), unchanged_first_argument(b.callee),
                              &step))
      return false;
    add(b, step.described);
    *way = {step.awaits, step.awaited, {}, {}};
    return true;
  }
  PyObject* wrapper = tail_callee(way->awaited);
  if (!wrapper || !is_cached_call(wrapper) || !find_arguments_of(wrapper, way)) return false;
  const Ref state = checked(cached_call_state(wrapper, way->arguments.get(), way->keywords.get()));
  add(b, described_native(kCachedCode, state.get()));
  *way = {Awaits::kResult, cached_function(wrapper), {}, {}};
  return true;
}

// Is the callee what is awaited? A class that is called has its object initialised.
bool arrives(const Boundary& b, const Way& way) {
  PyObject* generator = generator_of(b);
  if (way.awaits == Awaits::kItem)
    return generator ? generator == way.awaited : runs_next_of(b, way.awaited);
  if (generator) return false;
  PyObject* target = tail_callee(way.awaited);
  if (target == b.function) return true;
  PyObject* object = target && PyType_Check(target) ? object_initialised(b, target) : nullptr;
  if (!object) return false;
  add(b, described_native(kInitCode, checked(PyTuple_Pack(1, object)).get()));
  return true;
}

bool plan_way(const Boundary& b, Way way, const std::vector<const NativeFrame*>& frames) {
  auto frame = frames.begin();
  for (constexpr int kMost = 1000; PyList_GET_SIZE(b.plan->natives.get()) < kMost;) {
    if (frame != frames.end() && leads_to(way, **frame)) {
      if (!advance(b, **frame++, &way)) return false;
    } else if (!advance_unrecorded(b, &way)) {
      return frame == frames.end() && arrives(b, way);
    }
  }
  return false;
}

// [*iterator], {*iterator}, list += iterator: what the instruction has so far is on the stack.
bool plan_collecting(const Boundary& b, Way* way) {
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
  add(b, described_native(kCollectCode,
                          checked(collector_state(what, container, iterator, Py_None)).get()));
  b.plan->kind = adds ? kPush : kDrop;
  b.plan->stack_size = b.depth - (adds ? 2 : 1);
  *way = {Awaits::kItem, iterator, {}, {}};
  return true;
}

bool plan_from_call(const Boundary& b, const std::vector<const NativeFrame*>& frames, Way* way) {
  PlannedCall call;
  std::string unused;
  if (!read_call(b, &call, &unused)) return false;
  if (PyObject* iterator = advanced_by_next(call)) {
    plan_as_next(b, call);
    *way = {Awaits::kItem, iterator, {}, {}};
    return true;
  }
  b.plan->kind = kPush;
  PyObject* callee = tail_callee(call.callable);
  *way = {Awaits::kResult, call.callable, {}, {}};
  if (callee && is_cached_call(callee))
    return call_arguments(b, call, &way->arguments, &way->keywords);
  return !frames.empty();
}

// From the instruction.
bool plan_start(const Boundary& b, const std::vector<const NativeFrame*>& frames, Way* way) {
  const int op = b.code.opcode(b.at);
  if (is_call(op)) return plan_from_call(b, frames, way);
  if (op != shim::kForIter && op != shim::kSend) return plan_collecting(b, way);
  *way = {Awaits::kItem, advanced_by_instruction(b), {}, {}};
  plan_as_iteration(b, op == shim::kSend ? kSend : kPythonNext);
  return way->awaited != nullptr;
}

// Whether all is known. An empty list of native frames: nothing of the kind is there.
bool look_at_natives(const Boundary& b, const std::vector<const NativeFrame*>& frames) {
  b.plan->natives = checked(PyList_New(0));
  Way way;
  return plan_start(b, frames, &way) && plan_way(b, std::move(way), frames) &&
         PyList_GET_SIZE(b.plan->natives.get()) > 0;
}

std::string name_of_boundary(const Boundary& b) {
  PlannedCall call;
  std::string reason = "inside C code that calls Python code";
  if (is_call(b.code.opcode(b.at)) && read_call(b, &call, &reason))
    reason = "inside " + name_of_callable(call.callable);
  return reason;
}

}  // namespace

bool plan_native(const Boundary& b, bool* accepted, std::string* reason) {
  const std::vector<const NativeFrame*> frames = native_frames_of(b.frame);
  const FramePlan before = *b.plan;
  try {
    *accepted = look_at_natives(b, frames);
  } catch (const PythonError&) {
    *accepted = false;
  }
  if (*accepted) return true;
  *b.plan = before;
  if (!frames.empty()) *reason = name_of_boundary(b);
  return !frames.empty();
}

bool plan_native_going_on(const NativeCode& code, InterpreterFrame* callee, FramePlan* plan,
                          std::string* reason) {
  const std::vector<const NativeFrame*> frames = native_frames_of(plan->frame);
  const CodeAnalysis* analysis = CodeAnalysis::of(shim::code(plan->frame));
  const bool known = callee && analysis && !frames.empty() && &frames.front()->code() == &code;
  if (!plan->natives) plan->natives = checked(PyList_New(0));
  const NativeFrame::Awaits unknown = Awaits::kUnknown;
  if (known) {
    const Boundary b{plan->frame, *analysis, callee, plan, 0, 0, nullptr, shim::function(callee)};
    Way way{unknown, nullptr, {}, {}};
    if (advance(b, *frames.front(), &way) &&
        plan_way(b, std::move(way), {frames.begin() + 1, frames.end()}))
      return true;
  }
  *reason = std::string("inside ") + code.name + " after a resume";
  return false;
}

}  // namespace chkpt::frames
