// SPDX-License-Identifier: BSD-3-Clause
// Open files, the raw and the text layer: reopened by name at the same position. What was written
// after the snapshot is cut off, so that an appended log never says anything twice. Only regular
// files that still have a name; the standard streams go by reference.
#include <Python.h>

#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <structmember.h>
#include <sys/stat.h>

#include "base/open_descriptors.hpp"
#include "files/descriptors.hpp"
#include "python/heap/call.hpp"
#include "python/heap/open_files/files.hpp"
#include "python/heap/open_files/layers.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/open_files/open_file.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// ---- attributes that the script has given to a file: they may lead back to it

Ref fill_attributes(Args args) {
  ok(PyDict_Update(attr(Ref::borrow(args[0]), "__dict__").get(), args[1]));
  return none();
}
const Rebuilder set_attributes{"file.attributes", guarded<fill_attributes>};

// Older snapshots had the attributes among the arguments: none of those may be taken for another.
void expect_no_more_than(Py_ssize_t count, Args args) {
  if (args.count > count) broken("an open file is saved there as by an older chkpt");
}

Ref reduced_with_attributes(PyObject* file, const Rebuilder& make, const Ref& args) {
  const Ref attributes = own(PyDict_Copy(attr(file, "__dict__").get()));
  for (const char* own_business : {"name", "__IOBase_closed"})  // of a FileIO
    if (find(attributes.get(), own_business))
      ok(PyDict_DelItemString(attributes.get(), own_business));
  if (PyDict_GET_SIZE(attributes.get()) == 0) return reduced(make, args);
  return reduced(make, args, attributes, set_attributes);
}

// ---- FileIO: the one layer that knows the file

// A FileIO of a mode that would make the file: it asks an opener for the descriptor.
Ref exclusive_file(int fd, PyObject* mode) {
  const Ref answers = new_dict();
  put(answers, "file", number(fd));
  const Ref keywords = new_dict();
  put(keywords, "opener", attr(answers, "get"));
  return call_with(attr(import("_io"), "FileIO").get(), pack(text("file"), mode).get(),
                   keywords.get());
}

Ref file_of_descriptor(int fd, PyObject* mode, PyObject* closefd) {
  if (utf8(mode)[0] == 'x' && closefd == Py_True) return exclusive_file(fd, mode);
  const Ref keywords = new_dict();
  put(keywords, "closefd", Ref::borrow(closefd));
  return call_with(attr(import("_io"), "FileIO").get(), pack(number(fd), mode).get(),
                   keywords.get());
}

// (open file, name, python mode, closefd, position)
Ref rebuild_raw_file(Args args) {
  const int fd = ReopenedFiles::current().reopen(unpacked_file(args[0]));
  const Ref file = file_of_descriptor(fd, args[2], args[3]);
  set_attr(file.get(), "name", args[1]);
  if (args[4] != Py_None) call_method(file, "seek", args[4]);
  return file;
}
const Rebuilder make_raw_file{"file.raw", guarded<rebuild_raw_file>};

Ref rebuild_closed_raw_file(Args args) {
  const int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (fd < 0) broken("cannot open /dev/null");
  const Ref file = file_of_descriptor(fd, args[1], Py_True);
  set_attr(file.get(), "name", args[0]);
  // Not yet: the layers above can only be made around an open file.
  Loader::current().afterwards([file] { call_method(file, "close"); });
  return file;
}
const Rebuilder make_closed_raw_file{"file.closed", guarded<rebuild_closed_raw_file>};

// FileIO understands exactly these.
std::string reopen_mode(const std::string& mode) {
  const bool both = mode.find('+') != std::string::npos;
  if (mode.find('x') != std::string::npos) return both ? "x+" : "x";
  if (mode.find('a') != std::string::npos) return both ? "a+" : "a";
  if (both) return "r+";
  return mode.find('r') != std::string::npos ? "r" : "w";
}

// Descriptors 0 to 2 are the new process's own.
Ref rebuild_std_file(Args args) {
  const Ref keywords = new_dict();
  put(keywords, "closefd", Ref::borrow(args[2]));
  return call_with(attr(import("_io"), "FileIO").get(), pack(args[0], args[1]).get(),
                   keywords.get());
}
const Rebuilder make_std_file{"file.std", guarded<rebuild_std_file>};

// (stream, number, inheritable, name, python mode, closefd)
Ref rebuild_copied_stream(Args args) {
  const int fd = ReopenedFiles::current().copy_stream(
      static_cast<int>(integer(args[0])), static_cast<int>(integer(args[1])), args[2] == Py_True);
  const Ref file = file_of_descriptor(fd, args[4], args[5]);
  set_attr(file.get(), "name", args[3]);
  return file;
}
const Rebuilder make_copied_stream{"file.copied_stream", guarded<rebuild_copied_stream>};

Ref reduce_raw_file(Saver& saver, PyObject* file, Rule&) {
  if (Ref layer = reduce_std_layer(file)) return layer;
  const Ref name = attr_or_null(file, "name"), mode = attr(file, "mode");
  const Ref shown = name ? name : none();
  if (truth_of(file, "closed"))
    return reduced_with_attributes(file, make_closed_raw_file,
                                   pack(shown, text(reopen_mode(utf8(mode.get())))));
  const long long fd = integer(call_method(file, "fileno").get());
  if (fd <= 2)
    return reduced_with_attributes(
        file, make_std_file,
        pack(number(fd), text(reopen_mode(utf8(mode.get()))), attr(file, "closefd")));
  if (const auto stream = copied_output(static_cast<int>(fd)))
    return reduced_with_attributes(
        file, make_copied_stream,
        pack(number(*stream), number(fd),
             boolean((fcntl(static_cast<int>(fd), F_GETFD) & FD_CLOEXEC) == 0), shown,
             text(reopen_mode(utf8(mode.get()))), attr(file, "closefd")));
  const OpenFile open_file = describe_descriptor(static_cast<int>(fd));
  const bool moves = open_file.size >= 0 && !saver.is_lower_layer(file);
  const Ref position = moves ? call_method(file, "tell") : none();
  return reduced_with_attributes(file, make_raw_file,
                                 pack(packed(open_file), shown, text(reopen_mode(utf8(mode.get()))),
                                      attr(file, "closefd"), position));
}

// ---- text layers

// The incremental encoder of a text file that has written; null without one. Encodings with shift
// states write other bytes after a seek() than after the text before.
Ref encoder_of(PyObject* file) {
  for (PyObject* referent : referents(file))
    if (attr_or_null(referent, "encode") && attr_or_null(referent, "getstate"))
      return Ref::borrow(referent);
  return {};
}

// See rebuild_text_file().
void open_text_file(const Ref& file, const Ref& saved) {
  call_with(attr(file, "__init__").get(), pack(item(saved, 0)).get(), item(saved, 1));
  if (item(saved, 2) != Py_None) call_method(file, "seek", item(saved, 2));
  if (item(saved, 3) != Py_None)
    if (const Ref encoder = encoder_of(file.get()))
      call_method(encoder, "setstate", item(saved, 3));
  show_newlines(file.get(), item(saved, 4));
}

// (buffer, keywords, position, state of the encoder, newlines met)
Ref rebuild_text_file(Args args) {
  const Ref type = attr(import("_io"), "TextIOWrapper");
  const Ref file = call_method(type, "__new__", type);
  expect_no_more_than(5, args);
  const Ref saved = pack(args[0], args[1], args[2], args[3], args[4]);
  const std::string encoding = utf8(find(args[1], "encoding"));
  if (PyCodec_KnownEncoding(encoding.c_str()))
    open_text_file(file, saved);
  else  // the script has registered it
    Loader::current().with_codecs([file, saved] { open_text_file(file, saved); });
  return file;
}
const Rebuilder make_text_file{"file.text", guarded<rebuild_text_file>};

}  // namespace

bool is_text_type(PyTypeObject* type) {
  return std::strcmp(type->tp_name, "_io.TextIOWrapper") == 0;
}

Ref reduce_text_file(Saver& saver, PyObject* file, Rule& rule) {
  const Ref buffer = attr(file, "buffer");
  if (buffer.is(Py_None)) refuse("a detached file cannot be saved");
  const std::string encoding = utf8_attr(file, "encoding");
  if (!PyCodec_KnownEncoding(encoding.c_str()))
    refuse("a file in an encoding that has been unregistered: " + encoding);
  if (!leads_to_file(file)) return reduce_text_layer(saver, file, rule);
  flush_if_writable(file);
  const Ref keywords = new_dict();
  for (const char* name : {"encoding", "errors", "line_buffering", "write_through"})
    put(keywords, name, attr(file, name));
  put(keywords, "newline", newline_of(file));
  const bool std_layer = static_cast<bool>(reduce_std_layer(buffer.get()));
  const Ref newlines = attr(file, "newlines");
  const Ref position = has_position(file) && !std_layer ? text_position(file) : none();
  if (!position.is(Py_None))
    show_newlines(file, newlines.get());  // tell() makes the decoder forget those before
  if (!position.is(Py_None)) saver.note_lower_layer(buffer.get());
  const Ref encoder = encoder_of(file);
  const bool keeps_encoder = encoder && !position.is(Py_None);
  const Ref state = keeps_encoder ? call_method(encoder, "getstate") : none();
  return reduced_with_attributes(file, make_text_file,
                                 pack(buffer, keywords, position, state, newlines));
}

namespace {

// Files in memory tell their contents themselves, unless they are closed.
Ref rebuild_closed_memory_file(Args args) {
  expect_no_more_than(1, args);
  Ref file = call(args[0]);
  call_method(file, "close");
  return file;
}
const Rebuilder make_closed_memory_file{"file.closed_memory", guarded<rebuild_closed_memory_file>};

Ref reduce_memory_file(Saver& saver, PyObject* file, Rule& rule) {
  if (!is_closed(file)) return reduce_by_default(saver, file, rule);
  return reduced_with_attributes(file, make_closed_memory_file, pack(rule.type));
}

// Whether some descriptor beyond the standard ones is a file open for writing, and may be Python's.
bool writes_files() {
  for (const auto& [fd, info] : open_descriptors()) {
    if (fd < 3) continue;
    const int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && S_ISREG(info.st_mode) &&
        !files::descriptors::is_set_apart(fd, info))
      return true;
  }
  return false;
}

// Above anything else what waits is part of what is saved: a compressed file would end a block, and
// a class of the script would be written to at another moment.
void flush_quietly(PyObject* file) {
  if (!leads_to_file(file) || is_closed(file) || !is_true(call_method(file, "writable"))) return;
  const Ref done = Ref::steal(PyObject_CallMethod(file, "flush", nullptr));
  if (!done) PyErr_Clear();  // the reducer meets the same error and names the file
}

}  // namespace

void flush_open_files() {
  if (!writes_files()) return;
  const Ref io = import("_io");
  const Ref text_type = attr(io, "TextIOWrapper"), buffered_type = attr(io, "BufferedWriter"),
            random_type = attr(io, "BufferedRandom");
  const Ref objects = collector_objects();
  // Text layers first: they flush into the buffered ones.
  for (const Ref* wanted : {&text_type, &buffered_type, &random_type})
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(objects.get()); ++i) {
      PyObject* object = PyList_GET_ITEM(objects.get(), i);
      if (raw(Py_TYPE(object)) == wanted->get()) flush_quietly(object);
    }
}

void add_file_types(ExactTypes& types) {
  const Ref io = import("_io");
  const auto type = [&](const char* name) {
    return reinterpret_cast<PyTypeObject*>(attr(io, name).get());
  };
  types[type("FileIO")] = reduce_raw_file;
  for (const char* name : {"BufferedReader", "BufferedWriter", "BufferedRandom"})
    types[type(name)] = reduce_buffered;
  types[type("BufferedRWPair")] = reduce_buffered_pair;
  types[type("TextIOWrapper")] = reduce_text_file;
  for (const char* name : {"BytesIO", "StringIO"}) types[type(name)] = reduce_memory_file;
}

}  // namespace chkpt::heap
