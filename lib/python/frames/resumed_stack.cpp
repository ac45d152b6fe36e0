// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/shim.hpp"

#include "python/frames/resumed_stack.hpp"

#include "python/frames/capture.hpp"
#include "python/frames/chain.hpp"
#include "python/frames/depth.hpp"
#include "python/frames/drive.hpp"
#include "python/frames/native/native_frame.hpp"
#include "python/frames/stack.hpp"

#include <algorithm>
#include <cstring>

namespace chkpt::frames {
namespace {

using shim::InterpreterFrame;

[[noreturn]] void misfit(const char* what) {
  throw PythonError(std::string("the saved call stack is damaged: ") + what);
}

int int_item(PyObject* item) {
  const long value = PyLong_AsLong(item);
  if (value == -1 && PyErr_Occurred()) throw_pending_exception();
  return static_cast<int>(value);
}

PyCodeObject* code_item(PyObject* item, int next) {
  if (!PyCode_Check(item)) misfit("a frame without code");
  auto* co = reinterpret_cast<PyCodeObject*>(item);
  if (next < 0 || next >= Py_SIZE(co)) misfit("a frame that stands outside its code");
  return co;
}

// An empty frame on the thread's data stack, standing before `next`.
InterpreterFrame* push_shell(PyCodeObject* co) {
  const int slots = shim::frame_size(co);
  InterpreterFrame* f = shim::push_frame(PyThreadState_Get(), slots);
  if (!f) {
    PyErr_NoMemory();
    throw_pending_exception();
  }
  std::memset(static_cast<void*>(f), 0, static_cast<std::size_t>(slots) * sizeof(PyObject*));
  shim::set_code(f, co);
  f->owner = FRAME_OWNED_BY_THREAD;
  return f;
}

// Its own list: what has gone on is taken from it.
Ref read_natives(PyObject* saved) {
  if (saved == Py_None) return {};
  if (!PyList_Check(saved)) misfit("native frames that are none");
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i)
    if (!native_code_of(PyList_GET_ITEM(saved, i))) misfit("an unknown native frame");
  return checked(PyList_GetSlice(saved, 0, PyList_GET_SIZE(saved)));
}

}  // namespace

// While its callee runs, a frame stands at the call: line numbers are read from there.
void stand_at_call(InterpreterFrame* f, int next) {
  const CodeAnalysis* code =
      shim::kThrowLooksAtCallSite ? CodeAnalysis::of(shim::code(f)) : nullptr;
  if (code) {
    shim::set_offset(f, code->previous(next));
  } else {
    shim::set_next(f, next);
  }
}

ResumedStack::ResumedStack(PyObject* header) {
  if (!PyList_Check(header)) misfit("no list of frames");
  frames_.resize(static_cast<std::size_t>(PyList_GET_SIZE(header)));
  try {
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      PyObject* item = PyList_GET_ITEM(header, static_cast<Py_ssize_t>(i));
      if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) != 3) misfit("a bad header");
      Frame& frame = frames_[i];
      frame.next = int_item(PyTuple_GET_ITEM(item, 1));
      frame.in_generator = PyObject_IsTrue(PyTuple_GET_ITEM(item, 2)) == 1;
      PyCodeObject* co = code_item(PyTuple_GET_ITEM(item, 0), frame.next);
      if (!frame.in_generator) frame.frame = push_shell(co);
      if (frame.frame) stand(static_cast<int>(i));
    }
  } catch (...) {
    drop_frames();
    throw;
  }
}

ResumedStack::~ResumedStack() { drop_frames(); }

void ResumedStack::stand(int i) {
  const bool innermost = i == size() - 1;
  if (innermost) {
    shim::set_next(at(i).frame, at(i).next);
  } else {
    stand_at_call(at(i).frame, at(i).next);
  }
}

void ResumedStack::drop_frames() {
  for (std::size_t i = frames_.size(); i-- > 0;) {
    InterpreterFrame* f = frames_[i].frame;
    if (!f || frames_[i].in_generator) continue;
    shim::ensure_function(f);
    shim::drop_unused_frame(PyThreadState_Get(), f);
  }
  frames_.clear();
}

ResumedStack::Frame& ResumedStack::at(int i) {
  if (i < 0 || i >= size()) misfit("a frame number out of range");
  return frames_[static_cast<std::size_t>(i)];
}

Ref ResumedStack::frame_object(int i) {
  InterpreterFrame* f = at(i).frame;
  if (!f) misfit("a generator's frame before the generator");
  auto* object = reinterpret_cast<PyObject*>(_PyFrame_GetFrameObject(f));
  if (!object) throw_pending_exception();
  return Ref::borrow(object);
}

void ResumedStack::adopt_generator(int i, PyObject* object) {
  Frame& frame = at(i);
  if (!frame.in_generator || frame.frame) misfit("a generator where none should be");
  auto* g = reinterpret_cast<PyGenObject*>(object);
  frame.generator = Ref::borrow(object);
  frame.frame = shim::frame_of(g);
  code_item(shim::generator_code(g), frame.next);
  stand(i);
}

void ResumedStack::fill(PyObject* saved) {
  if (filled_ || !PyList_Check(saved) || PyList_GET_SIZE(saved) != size())
    misfit("not the frames of the header");
  for (int i = 0; i < size(); ++i) {
    PyObject* item = PyList_GET_ITEM(saved, i);
    Frame& frame = at(i);
    if (!PyList_Check(item) || PyList_GET_SIZE(item) != kFrameFields || !frame.frame ||
        PyList_GET_ITEM(item, kCode) != reinterpret_cast<PyObject*>(shim::code(frame.frame)))
      misfit("a frame of other code");
    frame.kind = int_item(PyList_GET_ITEM(item, kKind));
    frame.jump = int_item(PyList_GET_ITEM(item, kJump));
    if (frame.next != int_item(PyList_GET_ITEM(item, kNext))) misfit("a frame that has moved");
    PyObject* extra = PyList_GET_ITEM(item, kExtra);
    if (extra != null_marker()) frame.extra = Ref::borrow(extra);
    frame.natives = read_natives(PyList_GET_ITEM(item, kNatives));
    if (fill_frame(frame.frame,
                   {PyList_GET_ITEM(item, kFunction), PyList_GET_ITEM(item, kLocalsDict),
                    PyList_GET_ITEM(item, kLocals), PyList_GET_ITEM(item, kStack)}) < 0 ||
        restore_frame_object(frame.frame, PyList_GET_ITEM(item, kFrameObject)) < 0)
      throw_pending_exception();
  }
  filled_ = true;
}

StackState ResumedStack::describe(PyObject* base_exception) {
  if (!filled_) misfit("nothing to describe");
  StackState state;
  state.frames = checked(PyList_New(0));
  state.frame_objects = checked(PyList_New(0));
  state.base_exception = Ref::borrow(base_exception);
  for (const Frame& frame : frames_) {
    FramePlan plan;
    plan.frame = frame.frame;
    plan.kind = static_cast<Kind>(frame.kind);
    plan.next = frame.next;
    plan.jump = frame.jump;
    plan.stack_size = frame.frame->stacktop - shim::code(frame.frame)->co_nlocalsplus;
    plan.extra = frame.extra;
    plan.natives = frame.natives;
    checked(PyList_Append(state.frames.get(), describe_frame(plan).get()));
    PyObject* object =
        frame.generator ? nullptr : reinterpret_cast<PyObject*>(frame.frame->frame_obj);
    checked(PyList_Append(state.frame_objects.get(), or_none(object)));
    if (frame.generator)
      reinterpret_cast<PyGenObject*>(frame.generator.get())->gi_frame_state =
          static_cast<std::int8_t>(shim::kGeneratorExecuting);
  }
  return state;
}

Ref ResumedStack::run(Ref base_exception) {
  if (!filled_ || frames_.empty()) misfit("nothing to run");
  const auto is_module = [](const Frame& frame) {
    return (shim::code(frame.frame)->co_flags & CO_OPTIMIZED) == 0;
  };
  const auto script = std::find_if(frames_.begin(), frames_.end(), is_module);
  if (script != frames_.end()) remember_script(script->frame->f_globals);
  for (const Frame& frame : frames_)
    if (frame.natives) wait_in_natives(frame.natives.get());
  std::vector<PendingFrame> pending;
  for (Frame& frame : frames_)
    pending.push_back({frame.frame, std::move(frame.generator), std::move(frame.extra),
                       std::move(frame.natives), frame.kind, frame.next, frame.jump});
  frames_.clear();
  return Ref::steal(drive(std::move(pending), std::move(base_exception)));
}

}  // namespace chkpt::frames
