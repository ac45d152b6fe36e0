// SPDX-License-Identifier: BSD-3-Clause
// Buffered layers above a file begin anew where they were: how far one has read ahead is nobody's
// business.
#include <Python.h>

#include <cstring>
#include <utility>

#include "python/heap/call.hpp"
#include "python/heap/open_files/files.hpp"
#include "python/heap/open_files/layers.hpp"
#include "python/heap/open_files/open_file.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

PyTypeObject* io_type(const char* name) {
  return reinterpret_cast<PyTypeObject*>(attr(import("_io"), name).get());
}

Ref memory_file(const char* text) {
  return call_method(import("_io"), "BytesIO", own(PyBytes_FromString(text)));
}

Ref made_empty(PyObject* type, PyObject* base) {
  return own(reinterpret_cast<PyTypeObject*>(base)->tp_new(reinterpret_cast<PyTypeObject*>(type),
                                                           pack().get(), nullptr));
}

// (type, base, raw, position)
Ref rebuild_buffered(Args args) {
  const Ref file = made_empty(args[0], args[1]);
  ok(reinterpret_cast<PyTypeObject*>(args[1])->tp_init(file.get(), pack(args[2]).get(), nullptr));
  if (args[3] != Py_None) call_method(file, "seek", args[3]);
  return file;
}
const Rebuilder make_buffered{"file.buffered", guarded<rebuild_buffered>};

Ref fill_buffered(Args args) {
  restore_instance_state(args[0], args[1]);
  return none();
}
const Rebuilder set_buffered{"file.buffered.state", guarded<fill_buffered>};

Ref reduced_above_file(Saver& saver, PyObject* file, const Rule& rule, const Ref& position) {
  const Ref state = instance_state(saver, file, rule);
  const Ref args = pack(rule.type, rule.layout.native_base, layer_below(file), position);
  if (item(state, 0) == Py_None && item(state, 1) == Py_None) return reduced(make_buffered, args);
  return reduced(make_buffered, args, state, set_buffered);
}

}  // namespace

bool is_buffered_type(PyTypeObject* type) {
  for (const char* name : {"_io.BufferedReader", "_io.BufferedWriter", "_io.BufferedRandom"})
    if (std::strcmp(type->tp_name, name) == 0) return true;
  return false;
}

bool is_closed(PyObject* file) { return truth_of(file, "closed"); }
bool is_seekable(PyObject* file) {
  return !is_closed(file) && is_true(call_method(file, "seekable"));
}

namespace {

bool is_output_of_launch(PyObject* file) {
  const Ref fd = Ref::steal(PyObject_CallMethod(file, "fileno", nullptr));
  if (!fd) PyErr_Clear();  // a file in memory
  if (!fd || !PyLong_Check(fd.get())) return false;
  const int number = static_cast<int>(integer(fd.get()));
  return number == 1 || number == 2 || copied_output(number);
}

// sys.__stdout__.buffer or sys.__stdout__.buffer.raw: (stream name, attribute, ...)
Ref rebuild_std_layer(Args args) {
  Ref layer = Ref::borrow(args[0]);
  for (Py_ssize_t i = 1; i < args.count; ++i) layer = own(PyObject_GetAttr(layer.get(), args[i]));
  return layer;
}
const Rebuilder make_std_layer{"file.std_layer", guarded<rebuild_std_layer>};

}  // namespace

bool has_position(PyObject* file) { return is_seekable(file) && !is_output_of_launch(file); }

void flush_if_writable(PyObject* file) {
  if (!is_closed(file) && is_true(call_method(file, "writable"))) call_method(file, "flush");
}

Ref reduce_std_layer(PyObject* file) {
  for (const char* name : {"__stdin__", "__stdout__", "__stderr__"}) {
    PyObject* stream = PySys_GetObject(name);
    if (!stream || stream == Py_None) continue;
    const Ref buffer = attr_or_null(stream, "buffer");
    if (!buffer) continue;
    if (buffer.is(file)) return reduced(make_std_layer, pack(stream, text("buffer")));
    const Ref raw_file = attr_or_null(buffer.get(), "raw");
    if (raw_file && raw_file.is(file))
      return reduced(make_std_layer, pack(stream, text("buffer"), text("raw")));
  }
  return {};
}

Ref reduce_buffered(Saver& saver, PyObject* file, Rule& rule) {
  if (Ref layer = reduce_std_layer(file)) return layer;
  if (!rule.layout.native_base) rule.layout = layout_of(rule.type);
  PyObject* const below = layer_below(file);
  if (!below) refuse("a detached file cannot be saved");
  if (!leads_to_file(file)) return reduce_buffered_layer(saver, file, rule);
  flush_if_writable(file);
  const bool seekable = has_position(file);
  if (seekable) saver.note_lower_layer(below);
  const Ref position = seekable && !saver.is_lower_layer(file) ? call_method(file, "tell") : none();
  return reduced_above_file(saver, file, rule, position);
}

namespace {

// io.BufferedRWPair: a reader and a writer that nothing else shows.
struct Pair {
  PyObject_HEAD PyObject *reader, *writer;
};

Ref rebuild_pair(Args args) {
  const Ref pair = call_method(import("_io"), "BufferedRWPair", memory_file(""), memory_file(""));
  auto* made = reinterpret_cast<Pair*>(pair.get());
  Py_DECREF(std::exchange(made->reader, Py_NewRef(args[0])));
  Py_DECREF(std::exchange(made->writer, Py_NewRef(args[1])));
  return pair;
}
const Rebuilder make_pair{"file.pair", guarded<rebuild_pair>};

// (the BytesIO): a view of its buffer shows the object in between.
Ref rebuild_exported_bytes(Args args) { return attr(call_method(args[0], "getbuffer"), "obj"); }
const Rebuilder make_exported_bytes{"bytesio.exported", guarded<rebuild_exported_bytes>};

}  // namespace

Ref reduce_buffered_pair(Saver&, PyObject* object, Rule&) {
  const auto* pair = reinterpret_cast<Pair*>(object);
  const bool fits = pair->reader && pair->writer &&
                    Py_TYPE(pair->reader) == io_type("BufferedReader") &&
                    Py_TYPE(pair->writer) == io_type("BufferedWriter");
  if (!fits) refuse("an io.BufferedRWPair of another kind");
  return reduced(make_pair, pack(pair->reader, pair->writer));
}

Ref reduce_exported_bytes(Saver&, PyObject* object, Rule&) {
  for (PyObject* source : referents(object))
    if (Py_TYPE(source) == io_type("BytesIO")) return reduced(make_exported_bytes, pack(source));
  refuse("a buffer of a BytesIO that is gone");
}

}  // namespace chkpt::heap
