// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/waiting/idle_workers.hpp"

#include <cstring>

#include <unistd.h>

#include "python/frames/other_threads.hpp"
#include "python/heap/call.hpp"
#include "python/heap/customs.hpp"
#include "python/heap/reducers.hpp"
#include "python/heap/waiting/mpi_pool.hpp"
#include "python/heap/waiting/progress_monitor.hpp"
#include "python/heap/waiting/timers.hpp"

namespace chkpt::heap {
namespace {

// The arguments of concurrent.futures.thread._worker.
enum WorkerArgument : Py_ssize_t { kExecutor, kQueue, kInitializer, kInitializerArguments };

unsigned long ident_of(PyObject* thread) {
  const Ref ident = attr_or_null(thread, "_ident");
  return ident && PyLong_Check(ident.get()) ? PyLong_AsUnsignedLong(ident.get()) : 0;
}

// Its arguments, or null if it is no worker.
Ref worker_arguments(PyObject* thread) {
  const Ref worker = loaded_attr("concurrent.futures.thread", "_worker");
  const Ref target = worker ? attr_or_null(thread, "_target") : Ref();
  if (!target || !target.is(worker.get())) return {};
  Ref arguments = attr_or_null(thread, "_args");
  return arguments && PyTuple_Check(arguments.get()) && PyTuple_GET_SIZE(arguments.get()) == 4
             ? std::move(arguments)
             : Ref();
}

bool is_get_of(const frames::BlockedCallable& called, PyObject* queue) {
  if (!called.callable || called.self != queue) return false;
  if (std::strcmp(Py_TYPE(queue)->tp_name, "_queue.SimpleQueue") != 0) return false;
  return utf8_attr(called.callable, "__name__") == "get";
}

// Inside queue.get() of _worker() itself, with an empty queue: nothing has been taken out of it,
// for that happens just before get() returns, without letting the GIL go.
bool waits_for_work(unsigned long ident, PyObject* queue) {
  const Ref worker = loaded_attr("concurrent.futures.thread", "_worker");
  PyObject* code = nullptr;
  const frames::BlockedCallable called = frames::call_in_thread(ident, &code);
  return attr(worker, "__code__").is(code) && is_get_of(called, queue) &&
         integer(call_method(queue, "qsize").get()) == 0;
}

// Of an executor: how many workers it believes to be idle.
Ref idle_semaphore(PyObject* executor) { return attr(executor, "_idle_semaphore"); }

bool is_being_changed(PyObject* executor) {
  if (executor == Py_None) return false;
  const Ref condition = attr(idle_semaphore(executor), "_cond");
  return is_true(call_method(attr(condition, "_lock"), "locked"));
}

// What has no value before a thread is started.
void forget_start(PyObject* thread) {
  set_attr(attr(thread, "_started").get(), "_flag", Py_False);
  for (const char* name : {"_ident", "_native_id", "_tstate_lock"})
    if (attr_or_null(thread, name)) set_attr(thread, name, Py_None);
  if (attr_or_null(thread, "_handle"))
    set_attr(thread, "_handle", call_method(import("_thread"), "_ThreadHandle").get());
}

template <class Waits>
void wait_until(Waits waits) {
  constexpr int kMostTries = 100'000;
  constexpr useconds_t kPause = 200;
  for (int i = 0; i < kMostTries; ++i) {
    if (waits()) return;
    Py_BEGIN_ALLOW_THREADS;
    ::usleep(kPause);
    Py_END_ALLOW_THREADS;
  }
  broken("a thread that waited for work could not be started again");
}

Ref rebuild_worker(Args args) {
  return own(
      PyBaseObject_Type.tp_new(reinterpret_cast<PyTypeObject*>(args[0]), pack().get(), nullptr));
}
const Rebuilder make_worker{"thread.worker", guarded<rebuild_worker>};
Ref fill_worker(Args args) {
  ok(PyDict_Update(instance_dict(args[0]).get(), args[1]));
  return none();
}
const Rebuilder set_worker{"thread.worker.state", guarded<fill_worker>};

std::string busy_text() {
  const Ref active = loaded_attr("threading", "_active");
  if (!active || !PyDict_Check(active.get()) || PyDict_GET_SIZE(active.get()) < 2) return "";
  const Ref threads = own(PyDict_Values(active.get()));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(threads.get()); ++i) {
    PyObject* thread = PyList_GET_ITEM(threads.get(), i);
    if (occupation_of(thread) == Occupation::kBusyWorker)
      return std::string(is_progress_monitor(thread) ? "the monitor of progress bars"
                         : is_pool_manager(thread)   ? "the manager of an MPI pool"
                                                     : "a worker of a thread pool") +
             " is busy: '" + utf8_attr(thread, "_name") + "' at " +
             frames::place_in_thread(ident_of(thread));
  }
  return "";
}

}  // namespace

Occupation occupation_of(PyObject* thread) {
  if (is_progress_monitor(thread))
    return monitor_sleeps(thread, ident_of(thread)) ? Occupation::kIdleWorker
                                                    : Occupation::kBusyWorker;
  if (is_timer(thread))
    return timer_sleeps(thread, ident_of(thread)) ? Occupation::kIdleWorker : Occupation::kOther;
  if (is_pool_manager(thread))
    return manager_sleeps(thread, ident_of(thread)) ? Occupation::kIdleWorker
                                                    : Occupation::kBusyWorker;
  const Ref arguments = worker_arguments(thread);
  if (!arguments) return Occupation::kOther;
  if (!waits_for_work(ident_of(thread), item(arguments, kQueue))) return Occupation::kBusyWorker;
  return is_being_changed(call(item(arguments, kExecutor)).get()) ? Occupation::kBusyWorker
                                                                  : Occupation::kIdleWorker;
}

std::string busy_workers() {
  const PendingException pending;
  try {
    return busy_text();
  } catch (...) {
    PyErr_Clear();
    return "";
  }
}

bool is_frame_of_idle_worker(PyObject* frame) {
  const Ref active = loaded_attr("threading", "_active");
  if (!active || !PyDict_Check(active.get())) return false;
  const Ref stacks = own(PyDict_Items(call_method(import("sys"), "_current_frames").get()));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(stacks.get()); ++i) {
    PyObject* stack = PyList_GET_ITEM(stacks.get(), i);
    PyObject* thread = PyDict_GetItemWithError(active.get(), item(stack, 0));
    if (!thread || occupation_of(thread) != Occupation::kIdleWorker) continue;
    for (Ref f = Ref::borrow(item(stack, 1)); !f.is(Py_None); f = attr(f, "f_back"))
      if (f.is(frame)) return true;
  }
  return false;
}

// What the system gave to a thread is not in the state of a worker: it is given anew.
Ref reduce_thread(Saver& saver, PyObject* thread, Rule& rule) {
  if (occupation_of(thread) != Occupation::kIdleWorker) return reduce_special(saver, thread, rule);
  const Ref dict = own(PyDict_Copy(instance_dict(thread).get()));
  for (const char* name : {"_ident", "_native_id", "_tstate_lock", "_handle"})
    if (find(dict.get(), name)) put(dict, name, none());
  return reduced(make_worker, pack(rule.type), dict, set_worker);
}

bool is_thread_type(PyTypeObject* type) {
  const Ref thread = loaded_attr("threading", "Thread");
  return (thread && thread.is(raw(type))) || is_progress_monitor_type(type) || is_timer_type(type);
}

Ref describe_worker(PyObject* thread) {
  if (is_progress_monitor(thread)) return pack(thread, Py_None, progress_of(thread));
  if (is_timer(thread)) return pack(thread, Py_None, due_time(thread, ident_of(thread)));
  if (is_pool_manager(thread))
    return pack(thread, Py_None, manager_state(thread, ident_of(thread)));
  const Ref executor = call(item(worker_arguments(thread), kExecutor));
  return pack(thread, executor,
              executor.is(Py_None) ? none() : attr(idle_semaphore(executor.get()), "_value"));
}

static void restart_monitor(PyObject* thread, PyObject* progress) {
  const Ref woken = attr_or_null(thread, "woken");
  forget_start(thread);
  forget_sleep(thread);
  const bool only_compared = is_rehearsal();
  const Ref pace = pace_of(thread);
  const Ref anew = only_compared ? Ref() : begin_progress_anew(thread, progress);
  if (only_compared) {
    keep_progress(thread, progress);
    set_pace(thread, never(thread).get());
  }
  call_method(thread, "start");
  wait_until([&] { return monitor_sleeps(thread, ident_of(thread)); });
  if (only_compared) set_pace(thread, pace.get());
  if (woken) set_attr(thread, "woken", woken.get());
  if (!anew) return;
  wait_until([&] { return has_gone_on(anew.get()) && monitor_sleeps(thread, ident_of(thread)); });
}

static void restart_timer(PyObject* thread, PyObject* due) {
  const Ref interval = attr(thread, "interval");
  forget_start(thread);
  set_due_time(thread, due);
  call_method(thread, "start");
  wait_until([&] { return timer_sleeps(thread, ident_of(thread)); });
  set_attr(thread, "interval", interval.get());
}

static void restart_manager(PyObject* thread, PyObject* state) {
  forget_start(thread);
  const Ref prepared = prepare_manager(thread, state);
  call_method(thread, "start");
  wait_until([&] { return goes_on(state, ident_of(thread)); });
  manager_started(thread, state, prepared.get());
}

// By Thread.start(), as a thread that has not been started yet; not again with the initializer that
// its executor may have been given.
void restart_worker(PyObject* description) {
  PyObject* thread = item(description, 0);
  const Ref dangling = attr(import("threading"), "_dangling");
  call_method(dangling, "add", thread);
  if (is_progress_monitor(thread)) return restart_monitor(thread, item(description, 2));
  if (is_timer(thread)) return restart_timer(thread, item(description, 2));
  if (is_pool_manager(thread)) return restart_manager(thread, item(description, 2));
  const Ref arguments = worker_arguments(thread);
  if (!arguments) broken("a saved worker of a thread pool has lost its arguments");
  PyObject* queue = item(arguments, kQueue);
  forget_start(thread);
  set_attr(thread, "_args", pack(item(arguments, kExecutor), queue, Py_None, pack()).get());
  call_method(thread, "start");
  wait_until([&] { return waits_for_work(ident_of(thread), queue); });
  set_attr(thread, "_args", arguments.get());
  const Ref queues = attr(import("concurrent.futures.thread"), "_threads_queues");
  ok(PyObject_SetItem(queues.get(), thread, queue));
}

void settle_worker(PyObject* description) {
  PyObject* executor = item(description, 1);
  if (executor != Py_None) set_attr(idle_semaphore(executor).get(), "_value", item(description, 2));
}

}  // namespace chkpt::heap
