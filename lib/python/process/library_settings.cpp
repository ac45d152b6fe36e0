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

}  // namespace

void register_library_setting_parts() {
  register_process_part({"socket timeout", save_socket_timeout, restore_socket_timeout, 50});
}

}  // namespace chkpt::process
