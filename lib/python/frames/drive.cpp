// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/shim.hpp"

#include "python/frames/drive.hpp"

#include "python/frames/native/native_frame.hpp"
#include "python/frames/stack.hpp"
#include "python/frames/tasks.hpp"

#include "python/error.hpp"

namespace chkpt::frames {
namespace {

using shim::InterpreterFrame;

// Frames waiting in a running drive(), of all nested ones. Main thread with the GIL only.
std::vector<const PendingFrame*>& waiting() {
  static auto* frames = new std::vector<const PendingFrame*>;
  return *frames;
}

// The exception state below the outermost frame is the thread's own: lent to the script's frames
// for the run.
class BaseException {
 public:
  BaseException(PyThreadState* ts, Ref exception) : item_(ts->exc_info) {
    before_ = item_->exc_value;
    item_->exc_value = exception.is(Py_None) ? nullptr : exception.release();
  }
  ~BaseException() { Py_XSETREF(item_->exc_value, before_); }
  BaseException(const BaseException&) = delete;
  BaseException& operator=(const BaseException&) = delete;

 private:
  _PyErr_StackItem* item_;
  PyObject* before_;
};

bool ending_a_step = false;  // main thread with the GIL only

// The context that the frame's callee runs in; borrowed, may be null.
PyObject* context_of(const PendingFrame& p) {
  if (p.kind == kInContext) return p.extra.get();
  return p.kind == kTaskStep ? PyTuple_GET_ITEM(p.extra.get(), 0) : nullptr;
}

PyGenObject* generator_of(const PendingFrame& p) {
  return reinterpret_cast<PyGenObject*>(p.generator.get());
}

void link(std::vector<PendingFrame>& frames, InterpreterFrame* base, PyThreadState* ts) {
  InterpreterFrame* below = base;
  for (PendingFrame& p : frames) {
    p.frame->previous = below;
    below = p.frame;
    if (PyObject* context = context_of(p); context && PyContext_Enter(context) < 0)
      throw_pending_exception();
    if (!p.generator) continue;
    PyGenObject* g = generator_of(p);
    g->gi_exc_state.previous_item = ts->exc_info;
    ts->exc_info = &g->gi_exc_state;
    g->gi_frame_state = static_cast<std::int8_t>(shim::kGeneratorExecuting);
  }
}

struct Outcome {
  PyObject* value = nullptr;  // owned; null: a Python exception is set
  bool yielded = false;       // by a generator that goes on
  bool generator = false;     // it comes from one
};

// for-loop exit: the iterator goes, execution continues behind the loop.
void leave_loop(InterpreterFrame* f, const PendingFrame& p) {
  Py_XDECREF(shim::pop(f));
  shim::set_next(f, p.jump + shim::kForIterExitSkip);
}

void finish_send(InterpreterFrame* f, const PendingFrame& p, PyObject* value) {
  if (shim::kSendKeepsReceiver) {
    shim::push(f, value);
  } else {
    PyObject* receiver = shim::pop(f);
    shim::push(f, value);
    Py_XDECREF(receiver);
  }
  shim::set_next(f, p.jump);
}

// StopIteration as next() and send() raise it.
bool raise_stop(PyObject* value) {
  if (value == Py_None) {
    PyErr_SetNone(PyExc_StopIteration);
  } else {
    _PyGen_SetStopIterationValue(value);
  }
  Py_DECREF(value);
  return false;
}

// What C code does whatever the outcome, and what it makes of it.
void leave_context(const PendingFrame& p, Outcome* outcome) {
  if (p.kind == kTaskStep) {
    ending_a_step = true;
    outcome->value = finish_task_step(context_of(p), PyTuple_GET_ITEM(p.extra.get(), 1),
                                      outcome->value, outcome->yielded);
    ending_a_step = false;
  } else if (p.kind == kInContext) {
    const PendingException untouched;
    if (PyContext_Exit(context_of(p)) < 0) PyErr_Clear();
  }
}

// __next__ in Python has raised: its StopIteration ends the loop or gives way to the default.
bool end_iteration(InterpreterFrame* f, const PendingFrame& p) {
  if (!PyErr_ExceptionMatches(PyExc_StopIteration)) return false;
  PyErr_Clear();
  if (p.extra) {
    shim::set_next(f, p.next);
    shim::push(f, p.extra.new_ref());
  } else {
    leave_loop(f, p);
  }
  return true;
}

// A generator's outcome as the next item of an iterator: null at its end.
PyObject* as_item(const Outcome& outcome) {
  const bool is_end = outcome.generator && outcome.value && !outcome.yielded;
  if (!is_end) return outcome.value;
  if (outcome.value != Py_None) _PyGen_SetStopIterationValue(outcome.value);
  Py_DECREF(outcome.value);
  return nullptr;
}

// The native frames before the waiting one, innermost first, each with what the one in it gave.
void go_on_with_natives(PendingFrame& p, Outcome* outcome) {
  PyObject* result = as_item(*outcome);
  while (const Py_ssize_t left = PyList_GET_SIZE(p.natives.get())) {
    Ref described = Ref::borrow(PyList_GET_ITEM(p.natives.get(), left - 1));
    {
      const PendingException untouched;
      if (PyList_SetSlice(p.natives.get(), left - 1, left, nullptr) < 0) PyErr_Clear();
    }
    p.going_on = native_code_of(described.get());
    result = go_on_native(std::move(described), result);
  }
  p.natives.reset();
  p.going_on = nullptr;
  if (!result && !PyErr_Occurred()) PyErr_SetNone(PyExc_StopIteration);
  *outcome = {result, true, false};
}

// SEND to an iterator that is no generator: its StopIteration carries the value.
bool end_send(InterpreterFrame* f, const PendingFrame& p) {
  PyObject* value = nullptr;
  if (!PyErr_ExceptionMatches(PyExc_StopIteration) || _PyGen_FetchStopIterationValue(&value) < 0)
    return false;
  finish_send(f, p, value);
  return true;
}

// Hands the callee's value to the waiting frame. False: an exception is to be raised there.
bool hand_over(const PendingFrame& p, const Outcome& outcome) {
  InterpreterFrame* f = p.frame;
  if (!outcome.value && p.kind == kSend) return end_send(f, p);
  if (!outcome.value) return p.kind == kPythonNext && end_iteration(f, p);
  shim::set_next(f, p.next);
  switch (p.kind) {
    case kDrop:
      Py_DECREF(outcome.value);
      return true;
    case kNone:
      Py_DECREF(outcome.value);
      shim::push(f, Py_NewRef(Py_None));
      return true;
    case kInit: {
      const Ref returned = Ref::steal(outcome.value);
      if (returned.is(Py_None)) {
        shim::push(f, p.extra.new_ref());
        return true;
      }
      PyErr_Format(PyExc_TypeError, "__init__() should return None, not '%.200s'",
                   Py_TYPE(returned.get())->tp_name);
      return false;
    }
    case kForIter:
      if (outcome.yielded) {
        shim::push(f, outcome.value);
      } else {
        Py_DECREF(outcome.value);
        leave_loop(f, p);
      }
      return true;
    case kSend:
      if (outcome.yielded || !outcome.generator) {
        shim::push(f, outcome.value);
      } else {
        finish_send(f, p, outcome.value);
      }
      return true;
    case kAdvance:
      if (!outcome.yielded && !p.extra) return raise_stop(outcome.value);
      if (!outcome.yielded) {
        Py_DECREF(outcome.value);
        shim::push(f, p.extra.new_ref());
        return true;
      }
      shim::push(f, outcome.value);
      return true;
    default:
      shim::push(f, outcome.value);
      return true;
  }
}

// What the C code around a generator's eval loop does afterwards (3.11; later versions do it in
// the interpreter).
void leave_generator(PyThreadState* ts, PyGenObject* g, Outcome* outcome) {
  InterpreterFrame* f = shim::frame_of(g);
  ts->exc_info = g->gi_exc_state.previous_item;
  g->gi_exc_state.previous_item = nullptr;
  f->previous = nullptr;
  if (outcome->yielded) return;
  if (!outcome->value && PyErr_ExceptionMatches(PyExc_StopIteration)) {
    const char* what = Py_IS_TYPE(g, &PyCoro_Type)       ? "coroutine raised StopIteration"
                       : Py_IS_TYPE(g, &PyAsyncGen_Type) ? "async generator raised StopIteration"
                                                         : "generator raised StopIteration";
    _PyErr_FormatFromCause(PyExc_RuntimeError, "%s", what);
  }
  Py_CLEAR(g->gi_exc_state.exc_value);
  g->gi_frame_state = static_cast<std::int8_t>(shim::kGeneratorCleared);
  shim::clear_frame(ts, f);
}

Outcome evaluate(PyThreadState* ts, PendingFrame& p, bool raising) {
  Outcome outcome;
  outcome.value = _PyEval_EvalFrameDefault(ts, p.frame, raising ? 1 : 0);
  if (p.generator) {
    outcome.generator = true;
    outcome.yielded = outcome.value && shim::suspended(generator_of(p)->gi_frame_state);
    if (!shim::kEvalFinishesGenerators) leave_generator(ts, generator_of(p), &outcome);
  } else if (!shim::kEvalClearsFrames) {
    shim::drop_unused_frame(ts, p.frame);
  }
  return outcome;
}

}  // namespace

const PendingFrame* find_pending(const InterpreterFrame* frame) {
  for (const PendingFrame* p : waiting())
    if (p->frame == frame) return p;
  return nullptr;
}

bool is_ending_a_step() { return ending_a_step; }

PyObject* drive(std::vector<PendingFrame> frames, Ref base_exception) {
  PyThreadState* ts = PyThreadState_Get();
  const BaseException base_state(ts, std::move(base_exception));
  shim::EvalBase base(ts);
  link(frames, base.base(), ts);
  const auto waiting_before = waiting().size();
  for (std::size_t i = 0; i + 1 < frames.size(); ++i) waiting().push_back(&frames[i]);
  // A RecursionError must come at the depth at which it would have come.
  shim::recursion_remaining(ts) -= static_cast<int>(frames.size());

  Outcome outcome;
  for (std::size_t i = frames.size(); i-- > 0;) {
    const bool innermost = i + 1 == frames.size();
    base.stand_on(i ? frames[i - 1].frame : base.base());
    ++shim::recursion_remaining(ts);
    bool raising = false;
    if (!innermost) {
      if (frames[i].natives) {
        base.stand_on(frames[i].frame);
        go_on_with_natives(frames[i], &outcome);
      }
      waiting().resize(waiting_before + i);
      base.stand_on(frames[i].frame);
      leave_context(frames[i], &outcome);
      base.stand_on(i ? frames[i - 1].frame : base.base());
      raising = !hand_over(frames[i], outcome);
      frames[i]
          .extra.reset();  // the frame alone has it now: a new object may go while the frame runs
      // The exception belongs to the call: its line, its handler.
      if (raising) shim::set_offset(frames[i].frame, frames[i].next - 1);
    }
    outcome = evaluate(ts, frames[i], raising);
    frames[i].generator.reset();
  }
  return outcome.value;
}

}  // namespace chkpt::frames
