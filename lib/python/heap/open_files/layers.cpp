// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/open_files/layers.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/open_files/files.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// CPython's objects, the same from 3.11 to 3.13; believed only if a new one is found to be so.
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

struct Text {
  PyObject_HEAD int ok, detached;
  Py_ssize_t chunk_size;
  PyObject *buffer, *encoding, *encoder, *decoder;
  void* newline;  // of another type in 3.12
  PyObject* errors;
  const char* written_newline;
  char line_buffering, write_through, reads_any, translates_read, translates_written;
  char seekable, has_read1, telling, finalizing;
  void* encode;
  char at_start;
  PyObject* decoded;
  Py_ssize_t decoded_used;
  PyObject* pending;
  Py_ssize_t pending_size;
  PyObject* snapshot;
  double bytes_per_character;
  PyObject *raw, *weak_references, *dict;
};

Buffered& as_buffered(PyObject* object) { return *reinterpret_cast<Buffered*>(object); }
Text& as_text(PyObject* object) { return *reinterpret_cast<Text*>(object); }

PyTypeObject* io_type(const char* name) {
  return reinterpret_cast<PyTypeObject*>(attr(import("_io"), name).get());
}

Ref memory_file(const char* text) {
  return call_method(import("_io"), "BytesIO", own(PyBytes_FromString(text)));
}

bool find_buffered_layout() {
  const Ref below = memory_file("0123456789");
  const Ref reader = call_method(import("_io"), "BufferedReader", below, number(7));
  call_method(reader, "read", number(2));
  const Buffered& made = as_buffered(reader.get());
  return Py_TYPE(reader.get())->tp_basicsize ==
             static_cast<Py_ssize_t>(sizeof(Buffered) + 2 * sizeof(PyObject*)) &&
         made.raw == below.get() && made.abs_pos == 7 && made.pos == 2 && made.raw_pos == 7 &&
         made.read_end == 7 && made.buffer_size == 7 && !std::memcmp(made.buffer, "0123456", 7);
}

Ref new_text(const Ref& below) {
  return call_method(import("_io"), "TextIOWrapper", below, text("utf-8"));
}

bool is_read_as_expected() {
  const Ref below = memory_file("chkpt"), file = new_text(below);
  call_method(file, "read", number(2));
  constexpr Py_ssize_t kChunk = 8192;
  const Text& made = as_text(file.get());
  return made.buffer == below.get() && made.chunk_size == kChunk && made.decoder && made.decoded &&
         PyUnicode_Check(made.decoded) && utf8(made.decoded) == "chkpt" && made.decoded_used == 2 &&
         made.snapshot && PyTuple_Check(made.snapshot) && made.seekable == 1 &&
         made.has_read1 == 1 && made.telling == 1 && !made.pending;
}

bool is_written_as_expected() {
  const Ref file = new_text(memory_file(""));
  call_method(file, "write", text("abc"));
  const Text& made = as_text(file.get());
  return made.encoder && made.pending && made.pending_size == 3 && !made.decoded &&
         made.raw == nullptr;
}

bool find_text_layout() {
  return io_type("TextIOWrapper")->tp_dictoffset == static_cast<Py_ssize_t>(offsetof(Text, dict)) &&
         is_read_as_expected() && is_written_as_expected();
}

bool known_buffered_layout() {
  static const bool known = find_buffered_layout();
  return known;
}
bool known_text_layout() {
  static const bool known = find_text_layout();
  return known;
}

bool is_buffered(PyObject* file) {
  for (const char* name : {"BufferedReader", "BufferedWriter", "BufferedRandom"})
    if (PyType_IsSubtype(Py_TYPE(file), io_type(name))) return true;
  return false;
}

bool is_text(PyObject* file) { return PyType_IsSubtype(Py_TYPE(file), io_type("TextIOWrapper")); }

bool is_right_above_file(PyObject* buffer) {
  PyObject* below = is_buffered(buffer) ? layer_below(buffer) : nullptr;
  return below && !frames::is_python_class(Py_TYPE(buffer)) && Py_TYPE(below) == io_type("FileIO");
}

// ---- buffers

long long& field(Buffered& buffered, std::size_t i) {
  long long* const fields[] = {&buffered.abs_pos,  &buffered.pos,       &buffered.raw_pos,
                               &buffered.read_end, &buffered.write_pos, &buffered.write_end};
  return *fields[i];
}
constexpr std::size_t kFields = 6;

// (type, base)
Ref rebuild_buffered_layer(Args args) {
  if (!known_buffered_layout()) broken("buffered files are laid out in an unknown way");
  auto* base = reinterpret_cast<PyTypeObject*>(args[1]);
  return own(base->tp_new(reinterpret_cast<PyTypeObject*>(args[0]), pack().get(), nullptr));
}
const Rebuilder make_buffered_layer{"file.buffered_layer", guarded<rebuild_buffered_layer>};

// (file, (instance state, base, what is below, size of the buffer, bytes in it, fields))
Ref fill_buffered_layer(Args args) {
  auto* base = reinterpret_cast<PyTypeObject*>(item(args[1], 1));
  ok(base->tp_init(args[0], pack(memory_file(""), item(args[1], 3)).get(), nullptr));
  Buffered& made = as_buffered(args[0]);
  PyObject *bytes = item(args[1], 4), *fields = item(args[1], 5);
  const Py_ssize_t size = PyBytes_Size(bytes);
  if (size > made.buffer_size) broken("a saved buffer is larger than its file's");
  std::memcpy(made.buffer, PyBytes_AsString(bytes), static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < kFields; ++i)
    field(made, i) = integer(item(fields, static_cast<Py_ssize_t>(i)));
  Py_DECREF(std::exchange(made.raw, Py_NewRef(item(args[1], 2))));
  restore_instance_state(args[0], item(args[1], 0));
  return none();
}
const Rebuilder set_buffered_layer{"file.buffered_layer.state", guarded<fill_buffered_layer>};

// ---- text

void set_object(PyObject*& place, PyObject* value) {
  Py_XSETREF(place, value == Py_None ? nullptr : Py_NewRef(value));
}
Ref shown(PyObject* value) { return Ref::borrow(value ? value : Py_None); }

Ref state_of(PyObject* codec) { return codec ? call_method(codec, "getstate") : none(); }

// Without one, or in the state in which it was.
void restore_codec(PyObject*& codec, PyObject* state) {
  if (state == Py_None)
    Py_CLEAR(codec);
  else if (codec)
    call_method(codec, "setstate", state);
}

Ref flags_of(const Text& file) {
  return pack(boolean(file.seekable), boolean(file.has_read1), boolean(file.telling),
              boolean(file.at_start));
}

void restore_flags(Text& file, PyObject* flags) {
  char* const places[] = {&file.seekable, &file.has_read1, &file.telling, &file.at_start};
  for (std::size_t i = 0; i < std::size(places); ++i)
    *places[i] = is_true(item(flags, static_cast<Py_ssize_t>(i))) ? 1 : 0;
}

// What has been taken from below and not handed out; what waits to be given to it.
Ref read_part(const Text& file) {
  return pack(shown(file.decoded), number(file.decoded_used), shown(file.snapshot),
              own(PyFloat_FromDouble(file.bytes_per_character)), number(file.chunk_size));
}
Ref written_part(const Text& file) { return pack(shown(file.pending), number(file.pending_size)); }

void restore_parts(Text& file, PyObject* read, PyObject* written) {
  set_object(file.decoded, item(read, 0));
  file.decoded_used = static_cast<Py_ssize_t>(integer(item(read, 1)));
  set_object(file.snapshot, item(read, 2));
  file.bytes_per_character = PyFloat_AsDouble(item(read, 3));
  file.chunk_size = static_cast<Py_ssize_t>(integer(item(read, 4)));
  set_object(file.pending, item(written, 0));
  file.pending_size = static_cast<Py_ssize_t>(integer(item(written, 1)));
}

// `saved`: see fill_text_layer().
void open_text_layer(const Ref& file, PyObject* saved) {
  const auto part = [saved](Py_ssize_t i) { return item(saved, i); };
  call_with(attr(raw(io_type("TextIOWrapper")), "__init__").get(),
            pack(file, memory_file("")).get(), part(2));
  Text& made = as_text(file.get());
  show_newlines(file.get(), part(6));
  restore_codec(made.encoder, part(4));
  restore_codec(made.decoder, part(5));
  restore_flags(made, part(3));
  restore_parts(made, part(7), part(8));
  Py_DECREF(std::exchange(made.buffer, Py_NewRef(part(1))));
  restore_instance_state(file.get(), part(0));
}

// (type)
Ref rebuild_text_layer(Args args) {
  if (!known_text_layout()) broken("text files are laid out in an unknown way");
  auto* type = reinterpret_cast<PyTypeObject*>(args[0]);
  return own(io_type("TextIOWrapper")->tp_new(type, pack().get(), nullptr));
}
const Rebuilder make_text_layer{"file.text_layer", guarded<rebuild_text_layer>};

// (file, (instance state, what is below, keywords, flags, states of encoder and decoder, newlines
// met, what was read ahead, what waits to be written))
Ref fill_text_layer(Args args) {
  const Ref file = Ref::borrow(args[0]), saved = Ref::borrow(args[1]);
  const std::string encoding = utf8(find(item(saved, 2), "encoding"));
  if (PyCodec_KnownEncoding(encoding.c_str()))
    open_text_layer(file, saved.get());
  else  // the script has registered it
    Loader::current().with_codecs([file, saved] { open_text_layer(file, saved.get()); });
  return none();
}
const Rebuilder set_text_layer{"file.text_layer.state", guarded<fill_text_layer>};

}  // namespace

PyObject* layer_below(PyObject* file) {
  if (is_buffered(file)) return known_buffered_layout() ? as_buffered(file).raw : nullptr;
  return is_text(file) && known_text_layout() ? as_text(file).buffer : nullptr;
}

bool leads_to_file(PyObject* file) {
  if (!is_text(file)) return is_right_above_file(file);
  PyObject* below = layer_below(file);
  return below && !frames::is_python_class(Py_TYPE(file)) && is_right_above_file(below);
}

Ref reduce_buffered_layer(Saver& saver, PyObject* file, Rule& rule) {
  if (!known_buffered_layout()) refuse("a buffered file of another kind");
  Buffered& buffered = as_buffered(file);
  if (!buffered.ok || !buffered.raw) refuse("a buffered file that is not open");
  const Ref fields = own(PyTuple_New(kFields));
  for (std::size_t i = 0; i < kFields; ++i)
    PyTuple_SET_ITEM(fields.get(), static_cast<Py_ssize_t>(i),
                     number(field(buffered, i)).release());
  const long long used = std::max({buffered.read_end, buffered.write_end, buffered.pos, 0LL});
  const Ref bytes = own(PyBytes_FromStringAndSize(
      buffered.buffer, static_cast<Py_ssize_t>(buffered.buffer ? used : 0)));
  PyTypeObject* const base = rule.layout.native_base;
  return reduced(make_buffered_layer, pack(rule.type, base),
                 pack(instance_state(saver, file, rule), base, buffered.raw,
                      number(buffered.buffer_size), bytes, fields),
                 set_buffered_layer);
}

Ref reduce_text_layer(Saver& saver, PyObject* file, Rule& rule) {
  if (!known_text_layout()) refuse("a text file of another kind");
  if (!rule.layout.native_base) rule.layout = layout_of(rule.type);
  const Text& layer = as_text(file);
  const Ref keywords = new_dict();
  const auto shown_by_base = [&](const char* name) {
    return attr_of_base(file, io_type("TextIOWrapper"), name);
  };
  for (const char* name : {"encoding", "errors", "line_buffering", "write_through"})
    put(keywords, name, shown_by_base(name));
  put(keywords, "newline", newline_of(file));
  return reduced(make_text_layer, pack(rule.type),
                 pack(instance_state(saver, file, rule), layer.buffer, keywords, flags_of(layer),
                      state_of(layer.encoder), state_of(layer.decoder), shown_by_base("newlines"),
                      read_part(layer), written_part(layer)),
                 set_text_layer);
}

}  // namespace chkpt::heap
