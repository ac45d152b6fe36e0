// SPDX-License-Identifier: BSD-3-Clause
// Settings of libraries that live in C variables, or in objects of modules that are not followed,
// and that scripts set through functions.
#include <Python.h>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT: the short spellings of call.hpp

// socket.setdefaulttimeout(); None at the start.
Ref save_socket_timeout() {
  if (!loaded_module("_socket")) return none();
  return call_method(import("_socket"), "getdefaulttimeout");
}
void restore_socket_timeout(PyObject* timeout) {
  call_method(import("_socket"), "setdefaulttimeout", timeout);
}

// multiprocessing.set_start_method(); None before one is chosen.
Ref save_start_method() {
  const Ref context = loaded_attr("multiprocessing.context", "_default_context");
  return context ? call_method(context, "get_start_method", boolean(true)) : none();
}
void restore_start_method(PyObject* method) {
  const Ref context = attr(import("multiprocessing.context"), "_default_context");
  call_method(context, "set_start_method", method, boolean(true));
}

}  // namespace

void register_library_setting_parts() {
  register_process_part({"socket timeout", save_socket_timeout, restore_socket_timeout, 50});
  register_process_part({"start of processes", save_start_method, restore_start_method, 50});
}

}  // namespace chkpt::process
