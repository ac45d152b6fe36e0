// SPDX-License-Identifier: BSD-3-Clause
// Rebuilds the Python state that save() wrote, in a fresh process of the same Python whose hash
// seed is the saved one. The stream must have been verified: a pickle is a program.
#pragma once

#include "python/ref.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "python/frames/resumed_stack.hpp"

namespace chkpt::heap {

// Memory of one out-of-band buffer. Borrowed by load() alone: whoever rebuilds an object copies the
// bytes, so that the memory may be freed as soon as load() has returned.
struct LoadedBuffer {
  void* data = nullptr;
  std::size_t size = 0;
};

struct Loaded {
  std::unique_ptr<frames::ResumedStack> stack;  // filled; null if none was saved
  Ref base_exception;                           // for ResumedStack::run
  Ref extra;                                    // what SaveRequest::extra was
  // Last, just before the stack runs: process state (environment, signal handlers, RNGs, ...).
  std::function<void()> finish;
};

// Needs the GIL, on the main thread. Throws PythonError. Modules are imported in the saved order.
Loaded load(const std::vector<ByteView>& stream, const std::vector<LoadedBuffer>& buffers);

}  // namespace chkpt::heap
