// SPDX-License-Identifier: BSD-3-Clause
// The main thread's and the main process's names, and what else the script has given the objects
// that stand for them: every process makes those anew.
#include <Python.h>

#include <algorithm>
#include <iterator>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT: the short spellings of call.hpp

constexpr const char* kName = "_name";

// What Thread.__init__ and _MainProcess.__init__ give them, other than the name.
constexpr const char* kOwn[] = {"_target",
                                "_args",
                                "_kwargs",
                                "_daemonic",
                                "_ident",
                                "_native_id",
                                "_tstate_lock",
                                "_started",
                                "_is_stopped",
                                "_initialized",
                                "_stderr",
                                "_handle",
                                "_os_thread_handle",
                                "_invoke_excepthook",
                                "_context",
                                "_identity",
                                "_parent_pid",
                                "_popen",
                                "_closed",
                                "_config",
                                "_parent_name"};

bool is_own(PyObject* name) {
  return std::any_of(std::begin(kOwn), std::end(kOwn), [&](const char* one) {
    return PyUnicode_CompareWithASCIIString(name, one) == 0;
  });
}

// None if it is called `usual` and has nothing more.
Ref given_attributes(const Ref& object, const char* usual) {
  const Ref names = object ? attr_or_null(object.get(), "__dict__") : Ref();
  const Ref given = new_dict();
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; names && PyDict_Next(names.get(), &at, &name, &value);) {
    if (!PyUnicode_Check(name) || is_own(name)) continue;
    const bool unchanged = PyUnicode_CompareWithASCIIString(name, kName) == 0 &&
                           PyUnicode_Check(value) &&
                           PyUnicode_CompareWithASCIIString(value, usual) == 0;
    if (!unchanged) ok(PyDict_SetItem(given.get(), name, value));
  }
  return PyDict_GET_SIZE(given.get()) > 0 ? given : none();
}

void give_attributes(const Ref& object, PyObject* given) {
  ok(PyDict_Update(attr(object, "__dict__").get(), given));
}

Ref main_thread() { return loaded_attr("threading", "_main_thread"); }
Ref save_main_thread() { return given_attributes(main_thread(), "MainThread"); }
void restore_main_thread(PyObject* given) {
  give_attributes(attr(import("threading"), "_main_thread"), given);
}

Ref save_main_process() {
  return given_attributes(loaded_attr("multiprocessing.process", "_current_process"),
                          "MainProcess");
}
void restore_main_process(PyObject* given) {
  give_attributes(attr(import("multiprocessing.process"), "_current_process"), given);
}

}  // namespace

void register_main_name_parts() {
  register_process_part({"main thread", save_main_thread, restore_main_thread, 1230});
  register_process_part({"main process", save_main_process, restore_main_process, 1231});
}

}  // namespace chkpt::process
