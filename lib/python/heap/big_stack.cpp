// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/big_stack.hpp"

#include <exception>

#include <sys/mman.h>
#include <ucontext.h>

#include "base/error.hpp"

namespace chkpt::heap {
namespace {

constexpr std::size_t kStackBytes = std::size_t{4} << 30;
constexpr std::size_t kGuardBytes = std::size_t{64} << 10;
constexpr std::size_t kSmallestBytes = std::size_t{64} << 20;
// A level of nesting takes less than this in the pickler (measured: 400 to 900 bytes).
constexpr std::size_t kBytesPerLevel = 2048;

// The stack of one on_big_stack() call. The lowest pages are a guard.
class MappedStack {
 public:
  MappedStack() {
    for (size_ = kStackBytes; size_ >= kSmallestBytes; size_ /= 2) {
      base_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
      if (base_ != MAP_FAILED) break;
    }
    if (base_ == MAP_FAILED) throw Error("no address space for the pickling stack");
    mprotect(base_, kGuardBytes, PROT_NONE);
  }
  ~MappedStack() { munmap(base_, size_); }
  MappedStack(const MappedStack&) = delete;
  MappedStack& operator=(const MappedStack&) = delete;

  void* base() const { return base_; }
  std::size_t size() const { return size_; }
  int levels() const { return static_cast<int>(size_ / kBytesPerLevel); }

 private:
  void* base_ = MAP_FAILED;
  std::size_t size_ = 0;
};

class RaisedRecursionLimit {
 public:
  explicit RaisedRecursionLimit(int levels) : thread_(PyThreadState_Get()) {
#if PY_VERSION_HEX >= 0x030C0000
    python_ = thread_->py_recursion_remaining;
    c_ = thread_->c_recursion_remaining;
    thread_->py_recursion_remaining = thread_->c_recursion_remaining = levels;
#else
    python_ = thread_->recursion_remaining;
    thread_->recursion_remaining = levels;
#endif
  }
  ~RaisedRecursionLimit() {
#if PY_VERSION_HEX >= 0x030C0000
    thread_->py_recursion_remaining = python_;
    thread_->c_recursion_remaining = c_;
#else
    thread_->recursion_remaining = python_;
#endif
  }
  RaisedRecursionLimit(const RaisedRecursionLimit&) = delete;
  RaisedRecursionLimit& operator=(const RaisedRecursionLimit&) = delete;

 private:
  PyThreadState* thread_;
  int python_ = 0;
  [[maybe_unused]] int c_ = 0;
};

struct Switch {
  const std::function<void()>* work;
  const char* top;  // where the stack begins: it grows downwards
  std::exception_ptr failure;
  ucontext_t caller;
  ucontext_t callee;
};
Switch* current = nullptr;

// No exception may leave a context's entry function: it is carried over to the caller's stack.
void entry() {
  try {
    (*current->work)();
  } catch (...) {
    current->failure = std::current_exception();
  }
}

}  // namespace

std::size_t big_stack_in_use() {
  const char here = 0;
  return current ? static_cast<std::size_t>(current->top - &here) : 0;
}

void on_big_stack(const std::function<void()>& work) {
  if (current) return work();
  MappedStack stack;
  const char* top = static_cast<const char*>(stack.base()) + stack.size();
  Switch state{&work, top, nullptr, {}, {}};
  if (getcontext(&state.callee) != 0) throw Error("getcontext failed");
  state.callee.uc_stack.ss_sp = stack.base();
  state.callee.uc_stack.ss_size = stack.size();
  state.callee.uc_link = &state.caller;
  makecontext(&state.callee, entry, 0);
  current = &state;
  int switched = 0;
  {
    RaisedRecursionLimit limit(stack.levels());
    switched = swapcontext(&state.caller, &state.callee);
  }
  current = nullptr;
  if (switched != 0) throw Error("swapcontext failed");
  if (state.failure) std::rethrow_exception(state.failure);
}

}  // namespace chkpt::heap
