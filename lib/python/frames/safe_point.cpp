// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/shim.hpp"

#include "python/frames/safe_point.hpp"

#include "base/wait_for.hpp"
#include "python/frames/breaker.hpp"
#include "python/frames/chain.hpp"
#include "python/frames/held_signals.hpp"
#include "python/frames/loop_waits.hpp"
#include "python/frames/native/native_frame.hpp"
#include "python/frames/return_watch.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

namespace chkpt::frames::safe_point {
namespace {

constexpr std::int64_t kInsistAfterNs = 20'000'000;
constexpr std::int64_t kUnansweredNs = 20'000'000;
constexpr int kRearmMs = 1;
constexpr int kLooksShare = 20;  // of the time, one part at most goes into unconditional looks
constexpr int kWakeEvery = 20;   // rounds of re-arming between looks for an event loop to wake

// One per process, never destroyed. What has no note is atomic or set once by start().
struct State {
  std::mutex mutex;         // orders arming against the pending call, stop() and fork()
  bool enabled = false;     // mutex
  bool answering = false;   // mutex: the pending call runs
  WhyNot why;               // mutex
  bool has_thread = false;  // main thread
  pthread_t thread{};
  PyThreadState* main = nullptr;
  Handler handler = nullptr;
  Obstacle obstacle = nullptr;
  std::unique_ptr<HeldSignals> held_for_call;  // main thread: until the pending call has run
  char* target = nullptr;  // main thread: the eval loop that must be running again
  std::atomic<int> event_fd{-1};
  std::atomic<bool> stopping{false};
  std::atomic<bool> wanted{false};
  std::atomic<bool> in_handler{false};
  std::atomic<bool> queued{false};
  std::atomic<bool> look_anyway{false};
  std::atomic<std::int64_t> wanted_since_ns{0};
  std::atomic<std::int64_t> queued_since_ns{0};
  std::atomic<std::int64_t> look_again_ns{0};  // when
};

State& state() {
  static State* s = new State;
  return *s;
}
// Reached before start(), too: the signal-safe entry must not be the first to allocate it.
State* const g_allocate_early = &state();

std::int64_t now_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

void wake_thread() {
  const int fd = state().event_fd.load();
  const std::uint64_t one = 1;
  // A full counter means the thread is awake anyway.
  if (fd >= 0 && ::write(fd, &one, sizeof one) < 0 && errno != EAGAIN) state().event_fd = -1;
}

void want() {
  State& s = state();
  if (!s.wanted.exchange(true)) s.wanted_since_ns = now_ns();
}

int on_pending(void*);

// The eval breaker is set only while a call is queued and not yet running: end_answer() settles it.
// Other threads are left alone: they could do nothing about it.
void arm() {
  State& s = state();
  const std::lock_guard<std::mutex> lock(s.mutex);
  if (!s.enabled || !s.wanted || s.answering || shim::finalizing()) return;
  if (!s.queued) {
    s.queued_since_ns = now_ns();
    s.queued = shim::add_pending_call(on_pending);
  }
  if (s.queued && shim::holds_gil(s.main)) shim::poke_eval_breaker();
}

void begin_answer() {
  const std::lock_guard<std::mutex> lock(state().mutex);
  state().answering = true;
}

void end_answer(bool queued) {
  const std::lock_guard<std::mutex> lock(state().mutex);
  state().answering = false;
  state().queued = queued;
  shim::settle_eval_breaker();
}

void note(const WhyNot& why) {
  State& s = state();
  const std::lock_guard<std::mutex> lock(s.mutex);
  s.why = why;
}

bool ask_again_at_next_check() {
  state().queued_since_ns = now_ns();
  return breaker::call_again_at_next_check(on_pending);
}

// The frame that waits in C code goes on between two calls of that code at the earliest: asks then,
// or, where that cannot be told, at every check. Returns whether it is queued.
bool wait_for_target(PyThreadState* ts) {
  if (shim::repeats_checks(ts)) return false;
  shim::InterpreterFrame* called = called_by_eval_loop(ts, state().target);
  if (called && return_watch::watch(ts, called, arm)) return false;
  return ask_again_at_next_check();
}

// Not now. At first it is enough to try again in a millisecond. If that keeps failing, C code
// calls Python code all the time and the outer frames run for moments only, which must not be
// missed. Returns whether it is queued.
bool defer(PyThreadState* ts, const WhyNot& why) {
  State& s = state();
  note(why);
  prepare_native_code();
  if (now_ns() - s.wanted_since_ns < kInsistAfterNs) return false;
  s.target = blocking_eval_loop(ts);
  return s.target && wait_for_target(ts);
}

// Returns whether the pending call is queued again, for a request that came meanwhile.
bool run_handler(StackPlan* plan) {
  State& s = state();
  s.target = nullptr;
  s.wanted = false;
  s.queued = false;  // answered
  s.in_handler = true;
  record_steps(false);
  return_watch::forget();
  {
    const PendingException untouched;
    s.handler(*plan);
  }
  s.in_handler = false;
  forget_analyses();
  if (!s.wanted) return false;
  wake_thread();  // it has slept meanwhile
  return ask_again_at_next_check();
}

// Returns whether the pending call is queued again.
bool look(PyThreadState* ts, const void* frame_address) {
  State& s = state();
  const bool anyway = s.look_anyway.exchange(false);
  if (s.target && !anyway && shim::eval_loop(ts) < s.target) return wait_for_target(ts);
  if (!shim::innermost(ts) || !breaker::runs_between_instructions(ts, frame_address)) {
    note({"inside C code that waits", ""});
    return false;
  }
  const std::int64_t begin = now_ns();
  StackPlan plan;
  WhyNot why;
  if (!plan_stack(Innermost::kEvalBreaker, &plan, &why)) {
    const bool queued = defer(ts, why);
    const std::int64_t end = now_ns();
    s.look_again_ns = end + kLooksShare * (end - begin);
    return queued;
  }
  if (s.obstacle) why.reason = s.obstacle();
  if (!why.reason.empty()) {
    note(why);
    return false;
  }
  const HeldSignals held(HeldSignals::Which::kAll);
  // Their handlers come first, and what they raise.
  if (HeldSignals::some_came_before()) return ask_again_at_next_check();
  return run_handler(&plan);
}

// The pending call. Runs on the main thread only, with the GIL.
int on_pending(void*) {
  State& s = state();
  const bool ours = s.wanted && !s.stopping && !s.in_handler && !shim::finalizing();
  PyThreadState* ts = ours ? PyThreadState_Get() : nullptr;
  const bool main_thread =
      ts && shim::is_main_thread_state(ts) && ts->interp == PyInterpreterState_Main();
  begin_answer();
  end_answer(main_thread && look(ts, __builtin_dwarf_cfa()));
  if (main_thread) s.held_for_call.reset();
  return 0;
}

bool is_unanswered() {
  return state().queued && now_ns() - state().queued_since_ns > kUnansweredNs;
}

// The main thread, should it end the interpreter meanwhile, waits for this thread without the GIL.
void wake_event_loop() {
  if (!is_unanswered() || state().stopping || shim::finalizing() || !shim::gil_is_free()) return;
  const PyGILState_STATE gil = PyGILState_Ensure();
  wake_waiting_event_loop();
  PyGILState_Release(gil);
}

void* watch(void*) {
  State& s = state();
  const int fd = s.event_fd;
  int rounds = 0;
  while (!s.stopping) {
    pollfd wait{fd, POLLIN, 0};
    const bool woken = wait_for_any(&wait, 1, s.wanted && !s.in_handler ? kRearmMs : -1) > 0;
    std::uint64_t events = 0;
    if (woken && ::read(fd, &events, sizeof events) < 0 && errno != EAGAIN) break;
    if (!s.wanted || s.in_handler || s.stopping) continue;
    if (now_ns() >= s.look_again_ns) s.look_anyway = true;
    arm();
    if (++rounds % kWakeEvery == 0) wake_event_loop();
  }
  return nullptr;
}

// Signals belong to the script's threads; faults of our own code must stay fatal here.
void start_thread(State& s) {
  sigset_t all, before;
  ::sigfillset(&all);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS})
    ::sigdelset(&all, fault);
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, std::size_t{256} * 1024);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int failed = ::pthread_create(&s.thread, &attributes, watch, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_attr_destroy(&attributes);
  if (failed) throw IoError("cannot start a thread: " + std::string(std::strerror(failed)), failed);
  ::pthread_setname_np(s.thread, "chkpt-safepoint");
  s.has_thread = true;
}

void close_events(State& s) {
  const int fd = s.event_fd.exchange(-1);
  if (fd >= 0) ::close(fd);
}

void before_fork() { state().mutex.lock(); }
void after_fork_in_parent() { state().mutex.unlock(); }
void after_fork_in_child() {
  State& s = state();
  s.enabled = false;
  s.stopping = true;
  s.wanted = false;
  s.has_thread = false;
  s.target = nullptr;
  close_events(s);
  s.mutex.unlock();
}

void on_interpreter_end(PyObject*) { stop(); }

// Objects of the interpreter's own dict are dropped at the end of its finalisation, while its
// memory is still there: the last moment to end the thread.
void stop_with_interpreter() {
  PyObject* dict = PyInterpreterState_GetDict(PyInterpreterState_Main());
  if (!dict) throw PythonError("the interpreter has no dict of its own");
  constexpr const char* kKey = "chkpt.safe_point";
  if (PyDict_GetItemString(dict, kKey)) return;
  const Ref capsule = checked(PyCapsule_New(&state(), kKey, on_interpreter_end));
  checked(PyDict_SetItemString(dict, kKey, capsule.get()));
}

}  // namespace

void start(Handler handler, Obstacle obstacle) {
  State& s = state();
  if (s.has_thread) throw PythonError("safe points are started already");
  breaker::learn();
  HeldSignals::learn();
  if (!knows_script()) {
    PyObject* main = PyDict_GetItemString(PyImport_GetModuleDict(), "__main__");
    if (main && PyModule_Check(main)) remember_script(PyModule_GetDict(main));
  }
  stop_with_interpreter();
  static const int registered =
      ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
  if (registered != 0) throw IoError("pthread_atfork failed", registered);
  s.main = PyThreadState_Get();
  s.event_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (s.event_fd < 0) throw IoError("eventfd failed", errno);
  s.handler = handler;
  s.obstacle = obstacle;
  s.stopping = false;
  s.answering = false;  // of the parent, in a child
  s.queued = false;     // not s.wanted: what was requested before the start is wanted still
  s.target = nullptr;
  start_thread(s);
  const std::lock_guard<std::mutex> lock(s.mutex);
  s.enabled = true;
}

void stop() {
  State& s = state();
  {
    const std::lock_guard<std::mutex> lock(s.mutex);
    s.enabled = false;
    s.stopping = true;
    s.wanted = false;
  }
  wake_thread();
  PyThreadState* released =
      PyGILState_Check() && !shim::finalizing() ? PyEval_SaveThread() : nullptr;
  if (s.has_thread) ::pthread_join(s.thread, nullptr);
  if (released) PyEval_RestoreThread(released);
  s.has_thread = false;
  s.target = nullptr;
  close_events(s);
}

void request() {
  want();
  arm();
  wake_thread();
}

bool request_for_call() {
  State& s = state();
  auto held = std::make_unique<HeldSignals>(HeldSignals::Which::kAll);
  if (PyErr_CheckSignals() < 0) return false;
  request();
  if (s.queued) s.held_for_call = std::move(held);  // otherwise nothing comes of it at this return
  return true;
}

void request_from_signal() {
  const int saved_errno = errno;
  want();
  wake_thread();
  errno = saved_errno;
}

void cancel() { state().wanted = false; }

double waiting_s() {
  const State& s = state();
  return s.wanted ? static_cast<double>(now_ns() - s.wanted_since_ns) * 1e-9 : 0.0;
}

namespace {

// Where the main thread is in C code. Needs the GIL.
WhyNot look_at_main_thread() {
  StackPlan plan;
  WhyNot why;
  const bool single_call = plan_stack(Innermost::kBlockedCall, &plan, &why);
  PyThreadState* ts = shim::main_thread_state();
  shim::InterpreterFrame* frame = ts ? shim::innermost(ts) : nullptr;
  if (frame) why.where = place_of(frame);
  if (single_call) why.reason = "inside " + name_of_callable(blocked_callable(plan).callable);
  return why;
}

bool may_look(State& s) {
  const std::lock_guard<std::mutex> lock(s.mutex);
  return s.enabled && !shim::finalizing();
}

}  // namespace

WhyNot why_not(bool may_take_gil) {
  State& s = state();
  if (!s.wanted) return {};
  const bool unanswered = is_unanswered();
  if (unanswered && may_look(s)) {
    if (PyGILState_Check()) return look_at_main_thread();
    // With the GIL held the whole time, the wait for it could be as long as the C function runs.
    if (may_take_gil && shim::gil_is_free()) {
      const PyGILState_STATE gil = PyGILState_Ensure();
      WhyNot why = look_at_main_thread();
      PyGILState_Release(gil);
      return why;
    }
  }
  const std::lock_guard<std::mutex> lock(s.mutex);
  if (unanswered) return {"inside C code that keeps the interpreter to itself", s.why.where};
  return s.why;
}

}  // namespace chkpt::frames::safe_point
