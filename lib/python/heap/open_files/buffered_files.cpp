// SPDX-License-Identifier: BSD-3-Clause
// Buffered layers. Above a file they begin anew where they were: how far one has read ahead is
// nobody's business. Above anything else (a decompressor, bytes in memory, a class of the script)
// they get back what they had read ahead, because what is below may not be able to give it twice.
#include <Python.h>

#include <cstring>
#include <utility>

#include "python/heap/call.hpp"
#include "python/heap/open_files/files.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// CPython's object, the same from 3.11 to 3.13; believed only if known_layout() finds it so.
struct Buffered {
  PyObject_HEAD PyObject* raw;
  int ok, detached, readable, writable;
  char finalizing;
  int fast_closed_checks;
  long long abs_pos;
  char* buffer;
  long long pos, raw_pos, read_end, write_pos, write_end;
  PyThread_type_lock lock;
  unsigned long owner;
  Py_ssize_t buffer_size, buffer_mask;
};

Buffered& as_buffered(PyObject* object) { return *reinterpret_cast<Buffered*>(object); }

PyTypeObject* io_type(const char* name) {
  return reinterpret_cast<PyTypeObject*>(attr(import("_io"), name).get());
}

Ref memory_file(const char* text) {
  return call_method(import("_io"), "BytesIO", own(PyBytes_FromString(text)));
}

bool find_layout() {
  const Ref raw_file = memory_file("0123456789");
  const Ref reader = call_method(import("_io"), "BufferedReader", raw_file, number(7));
  call_method(reader, "read", number(2));
  const Buffered& made = as_buffered(reader.get());
  return Py_TYPE(reader.get())->tp_basicsize ==
             static_cast<Py_ssize_t>(sizeof(Buffered) + 2 * sizeof(PyObject*)) &&
         made.raw == raw_file.get() && made.abs_pos == 7 && made.pos == 2 && made.raw_pos == 7 &&
         made.read_end == 7 && made.buffer_size == 7 && !std::memcmp(made.buffer, "0123456", 7);
}

bool known_layout() {
  static const bool known = find_layout();
  return known;
}

// ---- above a file, and whatever is only written to

void init(PyObject* object, PyTypeObject* base, const Ref& args) {
  ok(base->tp_init(object, args.get(), nullptr));
}

Ref made_empty(PyObject* type, PyObject* base) {
  return own(reinterpret_cast<PyTypeObject*>(base)->tp_new(reinterpret_cast<PyTypeObject*>(type),
                                                           pack().get(), nullptr));
}

// (type, base, raw, position)
Ref rebuild_buffered(Args args) {
  const Ref file = made_empty(args[0], args[1]);
  init(file.get(), reinterpret_cast<PyTypeObject*>(args[1]), pack(args[2]));
  if (args[3] != Py_None) call_method(file, "seek", args[3]);
  return file;
}
const Rebuilder make_buffered{"file.buffered", guarded<rebuild_buffered>};

Ref fill_buffered(Args args) {
  restore_instance_state(args[0], args[1]);
  return none();
}
const Rebuilder set_buffered{"file.buffered.state", guarded<fill_buffered>};

// ---- above anything else: (type, base, raw, size of the buffer, bytes in it, place in them,
// position below or -1)
Ref rebuild_reader(Args args) {
  if (!known_layout()) broken("buffered files are laid out in an unknown way");
  const Ref file = made_empty(args[0], args[1]);
  init(file.get(), reinterpret_cast<PyTypeObject*>(args[1]), pack(args[2], args[3]));
  Buffered& made = as_buffered(file.get());
  const Py_ssize_t size = PyBytes_Size(args[4]);
  if (size > made.buffer_size) broken("a saved buffer is larger than its file's");
  std::memcpy(made.buffer, PyBytes_AsString(args[4]), static_cast<std::size_t>(size));
  if (size > 0) {
    made.read_end = made.raw_pos = size;
    made.pos = integer(args[5]);
  }
  made.abs_pos = integer(args[6]);
  return file;
}
const Rebuilder make_reader{"file.reader", guarded<rebuild_reader>};

// Closed: no layer could be made on what is below.
Ref rebuild_closed_layer(Args args) {
  if (!known_layout()) broken("buffered files are laid out in an unknown way");
  const Ref file = made_empty(args[0], args[1]);
  init(file.get(), reinterpret_cast<PyTypeObject*>(args[1]), pack(memory_file("")));
  Py_DECREF(std::exchange(as_buffered(file.get()).raw, Py_NewRef(args[2])));
  return file;
}
const Rebuilder make_closed_layer{"file.closed_layer", guarded<rebuild_closed_layer>};

Ref reduced_layer(Saver& saver, PyObject* file, const Rule& rule, const Rebuilder& make,
                  const Ref& args) {
  const Ref state = instance_state(saver, file, rule);
  if (item(state, 0) == Py_None && item(state, 1) == Py_None) return reduced(make, args);
  return reduced(make, args, state, set_buffered);
}

Ref reduce_reader(Saver& saver, PyObject* file, const Rule& rule, PyTypeObject* base) {
  const Buffered& reader = as_buffered(file);
  const bool ahead = reader.read_end > 0 && reader.pos <= reader.read_end;
  if (ahead && reader.raw_pos != reader.read_end) refuse("a buffered file of another kind");
  const Ref bytes = own(PyBytes_FromStringAndSize(
      reader.buffer, ahead ? static_cast<Py_ssize_t>(reader.read_end) : 0));
  return reduced_layer(saver, file, rule, make_reader,
                       pack(rule.type, base, reader.raw, number(reader.buffer_size), bytes,
                            number(reader.pos), number(reader.abs_pos)));
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
  return fd && PyLong_Check(fd.get()) && (integer(fd.get()) == 1 || integer(fd.get()) == 2);
}

// sys.__stdout__.buffer or sys.__stdout__.buffer.raw: (stream name, attribute, ...)
Ref rebuild_std_layer(Args args) {
  Ref layer = Ref::borrow(args[0]);
  for (Py_ssize_t i = 1; i < args.count; ++i) layer = own(PyObject_GetAttr(layer.get(), args[i]));
  return layer;
}
const Rebuilder make_std_layer{"file.std_layer", guarded<rebuild_std_layer>};

}  // namespace

bool is_above_file(PyObject* buffered) {
  const Ref below = attr_or_null(buffered, "raw");
  return below && Py_TYPE(below.get()) == io_type("FileIO");
}

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
  PyTypeObject* const base = rule.layout.native_base;
  const Ref raw_file = attr(file, "raw");
  if (raw_file.is(Py_None)) refuse("a detached file cannot be saved");
  const bool above_file = is_above_file(file);
  if (!above_file && !known_layout()) refuse("a buffered file of another kind");
  if (!above_file && is_closed(file))
    return reduced_layer(saver, file, rule, make_closed_layer, pack(rule.type, base, raw_file));
  if (!above_file && base == io_type("BufferedReader"))
    return reduce_reader(saver, file, rule, base);
  flush_if_writable(file);
  const bool seekable = has_position(file);
  if (seekable) saver.note_lower_layer(raw_file.get());
  const Ref position = seekable && !saver.is_lower_layer(file) ? call_method(file, "tell") : none();
  return reduced_layer(saver, file, rule, make_buffered, pack(rule.type, base, raw_file, position));
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
  if (!fits || is_closed(pair->reader) || is_closed(pair->writer))
    refuse("a closed io.BufferedRWPair cannot be saved");
  flush_if_writable(pair->writer);
  return reduced(make_pair, pack(pair->reader, pair->writer));
}

Ref reduce_exported_bytes(Saver&, PyObject* object, Rule&) {
  for (PyObject* source : referents(object))
    if (Py_TYPE(source) == io_type("BytesIO")) return reduced(make_exported_bytes, pack(source));
  refuse("a buffer of a BytesIO that is gone");
}

}  // namespace chkpt::heap
