// SPDX-License-Identifier: BSD-3-Clause
// What multiprocessing keeps of the process it runs in: how processes are started and numbered,
// those that have ended, values to share, finalizers. It takes what has another process's id for a
// copy in a child: it would leave out finalizers, and not answer for children.
#include <Python.h>

#include <unistd.h>

#include "python/heap/call.hpp"
#include "python/heap/customs.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT: the short spellings of call.hpp

// set_start_method(); None before one is chosen.
Ref save_start_method() {
  const Ref context = loaded_attr("multiprocessing.context", "_default_context");
  return context ? call_method(context, "get_start_method", boolean(true)) : none();
}
void restore_start_method(PyObject* method) {
  const Ref context = attr(import("multiprocessing.context"), "_default_context");
  call_method(context, "set_start_method", method, boolean(true));
}

// A process that only loads to save again stands for the one that has saved.
long long g_own_id = 0;
Ref own_id() { return number(g_own_id != 0 ? g_own_id : ::getpid()); }
void stand_for(PyObject* id) {
  if (is_rehearsal()) g_own_id = integer(id);
}

// The process's id among the attributes of what it has made.
void set_owner(PyObject* object, const char* name, PyObject* before) {
  const Ref owner = attr_or_null(object, name);
  if (owner && ok(PyObject_RichCompareBool(owner.get(), before, Py_EQ)))
    set_attr(object, name, own_id().get());
}

// By their numbers.
void sort(const Ref& processes) {
  const Ref options = new_dict();
  put(options, "key", call_method(import("operator"), "attrgetter", text("_identity")));
  call_with(attr(processes, "sort").get(), own(PyTuple_New(0)).get(), options.get());
}

// (id of this process, number of the next process, those that somebody holds)
Ref save_processes() {
  const Ref counter = loaded_attr("multiprocessing.process", "_process_counter");
  const Ref held = loaded_attr("multiprocessing.process", "_dangling");
  if (!counter || !held) return none();
  const Ref processes = own(PySequence_List(held.get()));
  sort(processes);
  return pack(own_id(), counter, processes);
}

void restore_processes(PyObject* saved) {
  stand_for(item(saved, 0));
  const Ref module = import("multiprocessing.process");
  set_attr(module.get(), "_process_counter", item(saved, 1));
  const Ref held = attr(module, "_dangling");
  PyObject* processes = item(saved, 2);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(processes); ++i) {
    PyObject* process = PyList_GET_ITEM(processes, i);
    set_owner(process, "_parent_pid", item(saved, 0));
    call_method(held, "add", process);
  }
}

// (id of this process, where shared values lie)
Ref save_shared_heap() {
  const Ref wrapper = loaded_attr("multiprocessing.heap", "BufferWrapper");
  if (!wrapper) return none();
  const Ref heap = attr(wrapper, "_heap");
  if (PyObject_Size(attr(heap, "_arenas").get()) == 0) return none();
  return pack(own_id(), heap);
}

void restore_shared_heap(PyObject* saved) {
  stand_for(item(saved, 0));
  set_attr(attr(import("multiprocessing.heap"), "BufferWrapper").get(), "_heap", item(saved, 1));
  set_owner(item(saved, 1), "_lastpid", item(saved, 0));
}

// (id of this process, number of the next finalizer, [(its key, finalizer)])
Ref save_finalizers() {
  const Ref registry = loaded_attr("multiprocessing.util", "_finalizer_registry");
  if (!registry || PyDict_GET_SIZE(registry.get()) == 0) return none();
  return pack(own_id(), attr(import("multiprocessing.util"), "_finalizer_counter"),
              own(PyDict_Items(registry.get())));
}

void restore_finalizers(PyObject* saved) {
  stand_for(item(saved, 0));
  const Ref module = import("multiprocessing.util");
  set_attr(module.get(), "_finalizer_counter", item(saved, 1));
  const Ref registry = attr(module, "_finalizer_registry");
  PyObject* entries = item(saved, 2);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(entries); ++i)
    set_owner(item(PyList_GET_ITEM(entries, i), 1), "_pid", item(saved, 0));
  ok(PyDict_MergeFromSeq2(registry.get(), entries, 1));
}

}  // namespace

void register_multiprocessing_parts() {
  register_process_part({"start of processes", save_start_method, restore_start_method, 50});
  register_process_part({"processes", save_processes, restore_processes, 60});
  register_process_part({"shared values", save_shared_heap, restore_shared_heap, 60});
  register_process_part({"finalizers of multiprocessing", save_finalizers, restore_finalizers, 60});
}

}  // namespace chkpt::process
