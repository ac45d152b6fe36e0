// SPDX-License-Identifier: BSD-3-Clause
// What asyncio keeps outside its objects: the running loop, the policy, which tasks there are and
// which run, how many have been named; and the hooks of async generators, which belong to the
// thread.
#include <Python.h>

#include <algorithm>
#include <csignal>
#include <utility>
#include <vector>

#include "python/frames/tasks.hpp"
#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

// Weak sets; CPython 3.12 has renamed the first.
constexpr const char* kTaskSets[] = {"_all_tasks", "_scheduled_tasks", "_eager_tasks"};

// Tasks that are done only wait for the garbage collector there. In the order of their hashes,
// which are the same in every process, so that the set has one layout.
Ref unfinished(const Ref& tasks) {
  const Ref all = own(PySequence_List(tasks.get()));
  std::vector<std::pair<Py_hash_t, PyObject*>> by_hash;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all.get()); ++i) {
    PyObject* task = PyList_GET_ITEM(all.get(), i);
    if (is_true(call_method(task, "done"))) continue;
    const Py_hash_t hash = PyObject_Hash(task);
    if (hash == -1) throw Raised{};
    by_hash.emplace_back(hash, task);
  }
  std::sort(by_hash.begin(), by_hash.end());
  Ref kept = own(PySet_New(nullptr));
  for (const auto& [hash, task] : by_hash) ok(PySet_Add(kept.get(), task));
  return kept;
}

Ref save_task_sets() {
  const Ref sets = new_dict();
  for (const char* name : kTaskSets)
    if (const Ref set = loaded_attr("asyncio.tasks", name)) put(sets, name, unfinished(set));
  return sets;
}

void restore_task_sets(PyObject* saved) {
  for (const char* name : kTaskSets) {
    PyObject* tasks = find(saved, name);
    const Ref set = loaded_attr("asyncio.tasks", name);
    if (tasks && set) call_method(set, "update", tasks);
  }
}

// How many tasks have been named by asyncio's C module, or None.
Ref named_tasks() {
  if (!loaded_module("_asyncio")) return none();
  const long long count = frames::task_number();
  if (count < 0) throw Raised{};
  return number(count);
}

void restore_named_tasks(PyObject* count) {
  if (count != Py_None) ok(frames::set_task_number(integer(count)));
}

// (task sets, current tasks, running loop, policy, tasks named)
Ref save_asyncio() {
  if (!loaded_module("asyncio.tasks")) return none();
  return pack(save_task_sets(),
              own(PyDict_Items(loaded_attr("asyncio.tasks", "_current_tasks").get())),
              call(loaded_attr("asyncio.events", "_get_running_loop")),
              loaded_attr("asyncio.events", "_event_loop_policy"), named_tasks());
}

void restore_asyncio(PyObject* saved) {
  const Ref tasks = import("asyncio.tasks"), events = import("asyncio.events");
  restore_task_sets(item(saved, 0));
  ok(PyDict_MergeFromSeq2(attr(tasks, "_current_tasks").get(), item(saved, 1), 1));
  call_method(events, "_set_running_loop", item(saved, 2));
  set_attr(events.get(), "_event_loop_policy", item(saved, 3));
  restore_named_tasks(item(saved, 4));
}

Ref save_generator_hooks() {
  const Ref hooks = call_method(import("sys"), "get_asyncgen_hooks");
  PyObject *first = item(hooks, 0), *last = item(hooks, 1);
  return first == Py_None && last == Py_None ? none() : pack(first, last);
}

void restore_generator_hooks(PyObject* saved) {
  call_method(import("sys"), "set_asyncgen_hooks", item(saved, 0), item(saved, 1));
}

// Signals whose handlers run on an event loop do not interrupt system calls, which a handler that
// is set again would do.
Ref save_loop_signals() {
  const Ref handler = loaded_attr("asyncio.unix_events", "_sighandler_noop");
  if (!handler) return none();
  const Ref signals = new_list();
  for (int n = 1; n < NSIG; ++n)
    if (PyOS_getsig(n) != SIG_DFL &&
        call_method(import("_signal"), "getsignal", number(n)).is(handler.get()))
      append(signals, number(n));
  return PyList_GET_SIZE(signals.get()) ? signals : none();
}

void restore_loop_signals(PyObject* saved) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i)
    call_method(import("_signal"), "siginterrupt", PyList_GET_ITEM(saved, i), Py_False);
}

}  // namespace

void register_asyncio_part() {
  register_process_part({"asyncio", save_asyncio, restore_asyncio, 52});
  register_process_part({"async generators", save_generator_hooks, restore_generator_hooks, 53});
  register_process_part({"asyncio signals", save_loop_signals, restore_loop_signals, 101});
}

}  // namespace chkpt::process
