// SPDX-License-Identifier: BSD-3-Clause
// A captured call stack brought back to life on the calling thread. Order of use: construct from
// the header (empty frames exist, so that objects loaded later may refer to them), load the heap,
// adopt_generator() for frames that live in generators, fill(), run(). Needs the GIL throughout.
// Frames are stacked on the thread's data stack: nothing else may leave frames there in between.
#pragma once

#include "python/ref.hpp"

#include "python/frames/stack.hpp"

#include <vector>

struct _PyInterpreterFrame;

namespace chkpt::frames {

class ResumedStack {
 public:
  // `header`: list, outermost first, of (code, next, is_generator). Throws PythonError.
  explicit ResumedStack(PyObject* header);
  ~ResumedStack();
  ResumedStack(const ResumedStack&) = delete;
  ResumedStack& operator=(const ResumedStack&) = delete;

  int size() const { return static_cast<int>(frames_.size()); }

  // The frame object of frame i; for a generator's frame only after adopt_generator().
  Ref frame_object(int i);
  void adopt_generator(int i, PyObject* generator);

  // `frames`: StackState::frames as it was saved. Throws PythonError if it does not fit the header.
  void fill(PyObject* frames);

  // What describe_stack() would say of these frames when they run: after fill(), before run().
  StackState describe(PyObject* base_exception);

  // Runs the innermost frame, hands its result to its caller, and so on; returns the outermost
  // frame's result, or null with a Python exception set. `base_exception`: as saved, or None;
  // whoever keeps it keeps what its traceback leads to from being finalised. Once only; the frames
  // are gone afterwards.
  Ref run(Ref base_exception);

 private:
  struct Frame {
    _PyInterpreterFrame* frame = nullptr;
    Ref generator;
    Ref extra;
    Ref natives;
    int kind = 0;
    int next = 0;
    int jump = -1;
    bool in_generator = false;
  };
  void drop_frames();
  void stand(int i);
  Frame& at(int i);

  std::vector<Frame> frames_;
  bool filled_ = false;
};

}  // namespace chkpt::frames
