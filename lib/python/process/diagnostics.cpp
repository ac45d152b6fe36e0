// SPDX-License-Identifier: BSD-3-Clause
// faulthandler and tracemalloc are on again. Where the former writes to is known to it alone: it is
// standard error again. What the latter has counted begins anew.
#include <Python.h>

#include <csignal>

#include "base/log.hpp"
#include "python/heap/call.hpp"
#include "python/heap/customs.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

// ---- faulthandler

using Handler = void (*)(int);

// Of C code; null: none.
Handler c_handler_of(int n) {
  struct sigaction now {};
  if (sigaction(n, nullptr, &now) != 0 || now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN)
    return nullptr;
  const Ref known = Ref::steal(PyObject_CallMethod(import("_signal").get(), "getsignal", "i", n));
  if (!known) PyErr_Clear();  // not a number that Python takes
  return known && PyCallable_Check(known.get()) ? nullptr : now.sa_handler;
}

// What faulthandler.register() makes the handler of a signal: tried with one that nobody uses.
Handler handler_of_faulthandler(const Ref& module) {
  const int unused = SIGRTMAX;
  struct sigaction before {};
  if (sigaction(unused, nullptr, &before) != 0 || before.sa_handler != SIG_DFL) return nullptr;
  const Ref number_of_signal = number(unused);
  call_method(module, "register", number_of_signal, number(2));
  const Handler handler = c_handler_of(unused);
  call_method(module, "unregister", number_of_signal);
  return handler;
}

Ref registered_signals(const Ref& module) {
  const Ref found = new_list();
  Handler wanted = nullptr;
  for (int n = 1; n < NSIG; ++n) {
    const Handler handler = c_handler_of(n);
    if (!handler) continue;
    if (!wanted) wanted = handler_of_faulthandler(module);
    if (handler == wanted) append(found, number(n));
  }
  return found;
}

// (is it enabled, signals that print the stacks)
Ref save_fault_handler() {
  PyObject* loaded = loaded_module("faulthandler");
  if (!loaded) return none();
  const Ref module = Ref::borrow(loaded);
  return pack(call_method(module, "is_enabled"), registered_signals(module));
}

void restore_fault_handler(PyObject* saved) {
  const Ref module = import("faulthandler");
  const bool wanted = is_true(item(saved, 0));
  const bool enabled = is_true(call_method(module, "is_enabled").get());
  if (!wanted && enabled) call_method(module, "disable");
  PyObject* to = PySys_GetObject("__stderr__");
  if (!to || to == Py_None) return;
  if (wanted && !enabled) call_method(module, "enable", to);
  PyObject* signals = item(saved, 1);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(signals); ++i)
    call_method(module, "register", PyList_GET_ITEM(signals, i), to);
}

// ---- tracemalloc

// How many frames it takes down; None: it is off.
Ref save_allocation_traces() {
  PyObject* loaded = loaded_module("_tracemalloc");
  if (!loaded) return none();
  const Ref module = Ref::borrow(loaded);
  if (!is_true(call_method(module, "is_tracing").get())) return none();
  return call_method(module, "get_traceback_limit");
}

void restore_allocation_traces(PyObject* saved) {
  const Ref module = import("_tracemalloc");
  if (is_true(call_method(module, "is_tracing").get())) return;
  call_method(module, "start", saved);
  if (is_rehearsal()) return;
  log::event("tracemalloc begins anew: it does not know what was allocated before the snapshot");
}

}  // namespace

void register_diagnostics_parts() {
  register_process_part({"faulthandler", save_fault_handler, restore_fault_handler, 1000});
  register_process_part({"tracemalloc", save_allocation_traces, restore_allocation_traces, 1000});
}

}  // namespace chkpt::process
