// SPDX-License-Identifier: BSD-3-Clause
// Standard streams. They are the new process's own, but for those that the script was started
// without; what it put in their place, how it reconfigured them and how far it read a redirected
// standard input is kept.
#include <Python.h>

#include <sys/stat.h>

#include "python/heap/call.hpp"
#include "python/heap/open_files/files.hpp"
#include "python/heap/open_files/layers.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

constexpr const char* kStreams[] = {"stdin", "stdout", "stderr"};
constexpr const char* kOptions[] = {"errors", "line_buffering", "write_through"};

Ref original(const char* name) {
  PyObject* stream = PySys_GetObject((std::string("__") + name + "__").c_str());
  return stream ? Ref::borrow(stream) : none();
}

void flush(PyObject* stream) {
  if (!stream || !leads_to_file(stream)) return;
  const Ref done = Ref::steal(PyObject_CallMethod(stream, "flush", nullptr));
  if (!done) PyErr_Clear();  // a closed or broken stream is the script's business
}

Ref options_of(const Ref& stream) {
  const Ref options = new_dict();
  if (!attr_or_null(stream.get(), "reconfigure")) return options;
  for (const char* name : kOptions) put(options, name, attr(stream, name));
  return options;
}

// Position of a standard input that is a regular file; None otherwise.
Ref input_position() {
  const Ref input = original("stdin");
  struct stat info;
  if (input.is(Py_None) || truth_of(input.get(), "closed") || fstat(0, &info) != 0 ||
      !S_ISREG(info.st_mode))
    return none();
  return text_position(input.get());
}

// (replacements by name, options of the original streams by name or None, position of stdin)
Ref save_streams() {
  const Ref replaced = new_dict(), options = new_dict();
  for (const char* name : kStreams) {
    PyObject* stream = PySys_GetObject(name);
    const Ref first = original(name);
    flush(first.is(Py_None) || std::string(name) == "stdin" ? nullptr : first.get());
    if (std::string(name) != "stdin") flush(stream);
    if (!first.is(stream)) put(replaced, name, stream ? Ref::borrow(stream) : none());
    put(options, name, first.is(Py_None) ? none() : options_of(first));
  }
  return pack(replaced, options, input_position());
}

void restore_options(const Ref& stream, PyObject* options) {
  if (stream.is(Py_None) || options == Py_None || PyDict_GET_SIZE(options) == 0) return;
  const Ref now = options_of(stream);
  if (ok(PyObject_RichCompareBool(now.get(), options, Py_EQ))) return;
  call_with(attr(stream, "reconfigure").get(), own(PyTuple_New(0)).get(), options);
}

void take_away(const char* name) {
  for (const std::string& all : {std::string(name), "__" + std::string(name) + "__"})
    ok(PySys_SetObject(all.c_str(), Py_None));
}

void restore_streams(PyObject* saved) {
  for (const char* name : kStreams) {
    if (find(item(saved, 1), name) == Py_None) take_away(name);
    if (PyObject* stream = find(item(saved, 0), name)) ok(PySys_SetObject(name, stream));
    if (PyObject* options = find(item(saved, 1), name)) restore_options(original(name), options);
  }
  struct stat info;
  const Ref input = original("stdin");
  if (item(saved, 2) != Py_None && !input.is(Py_None) && fstat(0, &info) == 0 &&
      S_ISREG(info.st_mode))
    call_method(input, "seek", item(saved, 2));
}

}  // namespace

void register_stream_part() {
  register_process_part({"streams", save_streams, restore_streams, 30});
}

}  // namespace chkpt::process
