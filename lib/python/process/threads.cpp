// SPDX-License-Identifier: BSD-3-Clause
// Other Python threads cannot be saved: they are refused by name, with the line they are at. Saved
// are the workers of thread pools that wait for work, the settings of threads to come, and the
// numbers of the next thread and the next pool, which are part of their names. Processes of
// multiprocessing are refused by name, too.
#include <Python.h>

#include <cstdio>
#include <string>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/heap/waiting/idle_workers.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

std::string place_of(const Ref& frames, PyObject* ident) {
  PyObject* frame = PyDict_GetItem(frames.get(), ident);
  if (!frame) return "";
  const Ref code = attr(frame, "f_code");
  const std::string file = utf8_attr(code.get(), "co_filename");
  const Ref line = attr(frame, "f_lineno");
  const std::string shown = line.is(Py_None) ? "?" : std::to_string(integer(line.get()));
  return " at " + file.substr(file.rfind('/') + 1) + ":" + shown;
}

// Running threads but this one: [(ident, threading.Thread)].
Ref other_threads() {
  const Ref others = new_list();
  const Ref active = loaded_attr("threading", "_active");
  if (!active || !PyDict_Check(active.get())) return others;
  const auto self = static_cast<long long>(PyThread_get_thread_ident());
  PyObject *ident = nullptr, *thread = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(active.get(), &position, &ident, &thread);)
    if (integer(ident) != self) append(others, pack(ident, thread));
  return others;
}

// "'worker-1' at fit.py:12, 'worker-2' at fit.py:12"
std::string living_threads(const Ref& others) {
  const Ref frames = call_method(import("sys"), "_current_frames");
  std::string names;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(others.get()); ++i) {
    PyObject* entry = PyList_GET_ITEM(others.get(), i);
    if (occupation_of(item(entry, 1)) == Occupation::kIdleWorker) continue;
    names += (names.empty() ? "'" : ", '") + utf8_attr(item(entry, 1), "_name") + "'" +
             place_of(frames, item(entry, 0));
  }
  return names.empty() ? "without a name" : names;
}

// Those that wait for work; all other threads are refused.
Ref idle_workers() {
  const Ref workers = new_list();
  const Ref others = other_threads();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(others.get()); ++i) {
    PyObject* thread = item(PyList_GET_ITEM(others.get(), i), 1);
    if (occupation_of(thread) == Occupation::kIdleWorker) append(workers, describe_worker(thread));
  }
  const long long count = integer(call_method(import("_thread"), "_count").get());
  if (count > PyList_GET_SIZE(workers.get()))
    refuse("other Python threads are running: " + living_threads(others) +
           "; a snapshot is possible when they have ended");
  return workers;
}

// Where a counter is that is itertools.count(1).__next__ or the like: only the text count(3) shows
// it without moving it on. None if it has not been used.
Ref count_of(const Ref& counter) {
  const Ref count = attr_or_null(counter.get(), "__self__");
  if (!count) return none();
  const std::string shown = utf8(own(PyObject_Repr(count.get())).get());
  long long next = 0;
  if (std::sscanf(shown.c_str(), "count(%lld)", &next) != 1) return none();
  return number(next);
}

// None if no thread has had a number.
Ref next_number() {
  const Ref counter = loaded_attr("threading", "_counter");
  const Ref next = counter ? count_of(counter) : none();
  return next.is(Py_None) || integer(next.get()) == 1 ? none() : next;
}

// The same for the number in the names of a pool's threads.
Ref next_pool() {
  const Ref pool = loaded_attr("concurrent.futures.thread", "ThreadPoolExecutor");
  const Ref counter = pool ? attr_or_null(pool.get(), "_counter") : Ref();
  return counter ? count_of(counter) : none();
}

void restore_next_pool(PyObject* number_of_next) {
  const Ref pool = attr(import("concurrent.futures.thread"), "ThreadPoolExecutor");
  const Ref counter = attr(pool, "_counter");
  const Ref now = count_of(counter);
  for (long long i = now.is(Py_None) ? 0 : integer(now.get()); i < integer(number_of_next); ++i)
    call(counter);
}

Ref save_threads() {
  idle_workers();  // refuses others, before anything that they hold is
  return next_number();
}

void restore_threads(PyObject* number_of_next) {
  const Ref counter = call_method(import("itertools"), "count", number_of_next);
  set_attr(import("threading").get(), "_counter", attr(counter, "__next__").get());
}

// What threads to come get: (hook for their exceptions, for tracing, for profiling, size of the
// stack)
constexpr const char* kThreadHooks[] = {"excepthook", "_trace_hook", "_profile_hook"};

Ref save_settings() {
  if (!loaded_module("threading")) return none();
  const Ref settings = new_list();
  for (const char* name : kThreadHooks) append(settings, attr(import("threading"), name));
  append(settings, number(static_cast<long long>(PyThread_get_stacksize())));
  return settings;
}

void restore_settings(PyObject* saved) {
  Py_ssize_t i = 0;
  for (const char* name : kThreadHooks)
    set_attr(import("threading").get(), name, PyList_GetItem(saved, i++));
  PyThread_set_stacksize(static_cast<std::size_t>(integer(PyList_GetItem(saved, i))));
}

Ref save_workers() {
  const Ref workers = idle_workers();
  return PyList_GET_SIZE(workers.get()) ? workers : none();
}

void restore_workers(PyObject* workers) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(workers); ++i)
    restart_worker(PyList_GET_ITEM(workers, i));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(workers); ++i)
    settle_worker(PyList_GET_ITEM(workers, i));
}

// Those that multiprocessing has started, by pools or alone.
Ref refuse_children() {
  const Ref children = loaded_attr("multiprocessing.process", "_children");
  if (!children) return none();
  const Ref all = own(PySequence_List(children.get()));
  std::string names;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all.get()); ++i) {
    PyObject* child = PyList_GET_ITEM(all.get(), i);
    const Ref running = attr_or_null(child, "_popen");
    if (!running || running.is(Py_None) || !call_method(running, "poll").is(Py_None)) continue;
    names += (names.empty() ? "'" : ", '") + utf8_attr(child, "_name") + "'";
  }
  if (!names.empty())
    refuse("processes of multiprocessing are running: " + names +
           "; a snapshot is possible when they have ended, those of a pool when it is shut down");
  return none();
}

void restore_nothing(PyObject*) {}

}  // namespace

void register_thread_part() {
  register_process_part({"child processes", refuse_children, restore_nothing, -1});
  register_process_part({"threads", save_threads, restore_threads, 0, {"threading"}});
  register_process_part({"thread pools", next_pool, restore_next_pool, 54});
  register_process_part({"idle workers", save_workers, restore_workers, 1210});
  // For those that the script starts from now on.
  register_process_part({"thread settings", save_settings, restore_settings, 1220});
}

}  // namespace chkpt::process
