// SPDX-License-Identifier: BSD-3-Clause
// Other Python threads cannot be saved: they are refused by name, with the line they are at. The
// number of the next thread, which is part of its name, is saved.
#include <Python.h>

#include <cstdio>
#include <string>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
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

// "'worker-1' at fit.py:12, 'worker-2' at fit.py:12"
std::string living_threads() {
  const Ref active = loaded_attr("threading", "_active");
  if (!active || !PyDict_Check(active.get())) return "without a name";
  const Ref frames = call_method(import("sys"), "_current_frames");
  const auto self = static_cast<long long>(PyThread_get_thread_ident());
  std::string names;
  PyObject *ident = nullptr, *thread = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(active.get(), &position, &ident, &thread)) {
    if (integer(ident) == self) continue;
    names +=
        (names.empty() ? "'" : ", '") + utf8_attr(thread, "_name") + "'" + place_of(frames, ident);
  }
  return names.empty() ? "without a name" : names;
}

// None if no thread has had a number: threading._counter is `itertools.count(1).__next__`, and only
// the text count(3) shows where that is without moving it on.
Ref next_number() {
  const Ref counter = loaded_attr("threading", "_counter");
  const Ref count = counter ? attr_or_null(counter.get(), "__self__") : Ref();
  if (!count) return none();
  const std::string shown = utf8(own(PyObject_Repr(count.get())).get());
  long long next = 0;
  if (std::sscanf(shown.c_str(), "count(%lld)", &next) != 1 || next == 1) return none();
  return number(next);
}

Ref save_threads() {
  const long long count = integer(call_method(import("_thread"), "_count").get());
  if (count > 0)
    refuse("other Python threads are running: " + living_threads() +
           "; a snapshot is possible when they have ended");
  return next_number();
}

void restore_threads(PyObject* number_of_next) {
  const Ref counter = call_method(import("itertools"), "count", number_of_next);
  set_attr(import("threading").get(), "_counter", attr(counter, "__next__").get());
}

}  // namespace

void register_thread_part() {
  register_process_part({"threads", save_threads, restore_threads, 0, {"threading"}});
}

}  // namespace chkpt::process
