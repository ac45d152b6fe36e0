// SPDX-License-Identifier: BSD-3-Clause
// Open files: reopened by name at the same position. What was written after the snapshot is cut
// off, so that an appended log never says anything twice. Only regular files that still have a
// name; the standard streams go by reference.
#include <Python.h>

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "python/heap/call.hpp"
#include "python/heap/files.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

std::string quoted(const std::string& name) { return "'" + name + "'"; }

// ---- describing

struct OpenFile {
  std::string path;  // absolute
  long long size = 0;
  int flags = 0;
};

[[noreturn]] void refuse_kind(const std::string& name, mode_t mode) {
  if (S_ISFIFO(mode)) refuse("pipe " + quoted(name) + " cannot be reopened");
  if (S_ISSOCK(mode)) refuse("socket " + quoted(name) + " cannot be reopened");
  if (S_ISCHR(mode)) refuse("device " + quoted(name) + " cannot be reopened");
  refuse("file " + quoted(name) + " is not a regular file");
}

std::string name_of_descriptor(int fd) {
  char link[64], target[PATH_MAX];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, target, sizeof target - 1);
  return length > 0 ? std::string(target, static_cast<std::size_t>(length)) : "";
}

// The file behind the descriptor, under a name that leads to the very same file.
OpenFile describe_descriptor(int fd) {
  struct stat opened, named;
  if (fstat(fd, &opened) != 0) refuse("fstat failed: " + std::string(std::strerror(errno)));
  OpenFile file;
  file.path = name_of_descriptor(fd);
  if (file.path == "/dev/null" || file.path == "/dev/zero" || file.path == "/dev/urandom") {
    file.flags = fcntl(fd, F_GETFL);
    file.size = -1;
    return file;
  }
  if (!S_ISREG(opened.st_mode)) refuse_kind(file.path, opened.st_mode);
  if (opened.st_nlink == 0) refuse("file " + quoted(file.path) + " has been deleted");
  if (stat(file.path.c_str(), &named) != 0 || named.st_dev != opened.st_dev ||
      named.st_ino != opened.st_ino)
    refuse("file " + quoted(file.path) + " has been renamed or replaced");
  file.flags = fcntl(fd, F_GETFL);
  if (file.flags < 0) refuse("the flags of file " + quoted(file.path) + " cannot be read");
  file.size = opened.st_size;
  return file;
}

// ---- FileIO: the one layer that knows the file

int mode_flags(int flags) { return flags & (O_ACCMODE | O_APPEND); }

// Opens the file and cuts off what was written later.
int reopen(const std::string& path, int flags, long long size) {
  const bool writes = (flags & O_ACCMODE) != O_RDONLY && size >= 0;
  const int fd = open(path.c_str(), mode_flags(flags) | O_CLOEXEC | (writes ? O_CREAT : 0), 0666);
  if (fd < 0) broken("cannot reopen " + quoted(path) + ": " + std::strerror(errno));
  struct stat now;
  const bool known = fstat(fd, &now) == 0;
  if (!known || (size >= 0 && now.st_size < size)) {
    close(fd);
    broken("file " + quoted(path) + " is shorter than it was at the snapshot");
  }
  if (writes && now.st_size > size && ftruncate(fd, size) != 0) {
    const int error = errno;
    close(fd);
    broken("cannot cut " + quoted(path) + " to its saved size: " + std::strerror(error));
  }
  return fd;
}

// ("file", path, name, python mode, flags, size, position)
Ref rebuild_raw_file(Args args) {
  const int fd = reopen(utf8(args[0]), static_cast<int>(integer(args[3])), integer(args[4]));
  const Ref file_io = attr(import("_io"), "FileIO");
  const Ref keywords = new_dict();
  put(keywords, "closefd", boolean(true));
  PyObject* made = PyObject_Call(file_io.get(), pack(number(fd), args[2]).get(), keywords.get());
  if (!made) {
    close(fd);
    throw Raised{};
  }
  const Ref file = Ref::steal(made);
  set_attr(made, "name", args[1]);
  if (args[5] != Py_None) call_method(file, "seek", args[5]);
  return file;
}
const Rebuilder make_raw_file{"file.raw", guarded<rebuild_raw_file>};

Ref rebuild_closed_raw_file(Args args) {
  const Ref file = call(attr(import("_io"), "FileIO"), text("/dev/null"), args[1]);
  set_attr(file.get(), "name", args[0]);
  // Not yet: the layers above can only be made around an open file.
  Loader::current().afterwards([file] { call_method(file, "close"); });
  return file;
}
const Rebuilder make_closed_raw_file{"file.closed", guarded<rebuild_closed_raw_file>};

// FileIO understands exactly these; 'x' and 'w' must not create or empty the file again.
std::string reopen_mode(const std::string& mode) {
  const bool both = mode.find('+') != std::string::npos;
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

// sys.__stdout__.buffer or sys.__stdout__.buffer.raw: (stream name, attribute, ...)
Ref rebuild_std_layer(Args args) {
  Ref layer = Ref::borrow(args[0]);
  for (Py_ssize_t i = 1; i < args.count; ++i) layer = own(PyObject_GetAttr(layer.get(), args[i]));
  return layer;
}
const Rebuilder make_std_layer{"file.std_layer", guarded<rebuild_std_layer>};

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

Ref reduce_raw_file(Saver&, PyObject* file, Rule&) {
  if (Ref layer = reduce_std_layer(file)) return layer;
  const Ref name = attr_or_null(file, "name"), mode = attr(file, "mode");
  const Ref shown = name ? name : none();
  if (truth_of(file, "closed"))
    return reduced(make_closed_raw_file, pack(shown, text(reopen_mode(utf8(mode.get())))));
  const long long fd = integer(call_method(file, "fileno").get());
  if (fd <= 2)
    return reduced(make_std_file,
                   pack(number(fd), text(reopen_mode(utf8(mode.get()))), attr(file, "closefd")));
  const OpenFile open_file = describe_descriptor(static_cast<int>(fd));
  const Ref position = open_file.size < 0 ? none() : call_method(file, "tell");
  return reduced(make_raw_file,
                 pack(text(open_file.path), shown, text(reopen_mode(utf8(mode.get()))),
                      number(open_file.flags), number(open_file.size), position));
}

// ---- buffered layers: flushed, then position and size are the raw file's

bool is_closed(PyObject* file) { return truth_of(file, "closed"); }
bool is_seekable(PyObject* file) {
  return !is_closed(file) && is_true(call_method(file, "seekable"));
}

Ref rebuild_buffered(Args args) {
  const Ref file = call(args[0], args[1]);
  if (args[2] != Py_None) call_method(file, "seek", args[2]);
  return file;
}
const Rebuilder make_buffered{"file.buffered", guarded<rebuild_buffered>};

void flush_if_writable(PyObject* file) {
  if (!is_closed(file) && is_true(call_method(file, "writable"))) call_method(file, "flush");
}

Ref reduce_buffered(Saver&, PyObject* file, Rule& rule) {
  if (Ref layer = reduce_std_layer(file)) return layer;
  const Ref raw_file = attr(file, "raw");
  if (raw_file.is(Py_None)) refuse("a detached file cannot be saved");
  flush_if_writable(file);
  const Ref position = is_seekable(file) ? call_method(file, "tell") : none();
  return reduced(make_buffered, pack(rule.type, raw_file, position));
}

// The incremental encoder of a text file that has written; null without one. Encodings with shift
// states write other bytes after a seek() than after the text before.
Ref encoder_of(PyObject* file) {
  for (PyObject* referent : referents(file))
    if (attr_or_null(referent, "encode") && attr_or_null(referent, "getstate"))
      return Ref::borrow(referent);
  return {};
}

// (buffer, keywords, position, attributes, state of the encoder)
Ref rebuild_text_file(Args args) {
  const Ref file =
      call_with(attr(import("_io"), "TextIOWrapper").get(), pack(args[0]).get(), args[1]);
  if (args[2] != Py_None) call_method(file, "seek", args[2]);
  ok(PyDict_Update(attr(file, "__dict__").get(), args[3]));
  if (args[4] != Py_None)
    if (const Ref encoder = encoder_of(file.get())) call_method(encoder, "setstate", args[4]);
  return file;
}
const Rebuilder make_text_file{"file.text", guarded<rebuild_text_file>};

Ref reduce_text_file(Saver&, PyObject* file, Rule&) {
  const Ref buffer = attr(file, "buffer");
  if (buffer.is(Py_None)) refuse("a detached file cannot be saved");
  flush_if_writable(file);
  const Ref keywords = new_dict();
  for (const char* name : {"encoding", "errors", "line_buffering", "write_through"})
    put(keywords, name, attr(file, name));
  put(keywords, "newline", newline_of(file));
  const bool std_layer = static_cast<bool>(reduce_std_layer(buffer.get()));
  const Ref position = is_seekable(file) && !std_layer ? text_position(file) : none();
  const Ref encoder = encoder_of(file);
  const Ref state = encoder && !position.is(Py_None) ? call_method(encoder, "getstate") : none();
  return reduced(make_text_file, pack(buffer, keywords, position, attr(file, "__dict__"), state));
}

// Files in memory tell their contents themselves, unless they are closed.
Ref rebuild_closed_memory_file(Args args) {
  Ref file = call(args[0]);
  call_method(file, "close");
  ok(PyDict_Update(attr(file, "__dict__").get(), args[1]));
  return file;
}
const Rebuilder make_closed_memory_file{"file.closed_memory", guarded<rebuild_closed_memory_file>};

Ref reduce_memory_file(Saver& saver, PyObject* file, Rule& rule) {
  if (!is_closed(file)) return reduce_by_default(saver, file, rule);
  return reduced(make_closed_memory_file, pack(rule.type, attr(file, "__dict__")));
}

// Whether some descriptor beyond the standard ones is a file open for writing.
bool writes_files() {
  for (int fd = 3; fd < 1024; ++fd) {
    const int flags = fcntl(fd, F_GETFL);
    struct stat info;
    if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && fstat(fd, &info) == 0 &&
        S_ISREG(info.st_mode))
      return true;
  }
  return false;
}

void flush_quietly(PyObject* file) {
  if (is_closed(file) || !is_true(call_method(file, "writable"))) return;
  const Ref done = Ref::steal(PyObject_CallMethod(file, "flush", nullptr));
  if (!done) PyErr_Clear();  // the reducer meets the same error and names the file
}

}  // namespace

void flush_open_files() {
  if (!writes_files()) return;
  const Ref io = import("_io");
  const Ref text_type = attr(io, "TextIOWrapper"), buffered_type = attr(io, "BufferedWriter"),
            random_type = attr(io, "BufferedRandom");
  const Ref objects = call_method(import("gc"), "get_objects");
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
  types[type("TextIOWrapper")] = reduce_text_file;
  for (const char* name : {"BytesIO", "StringIO"}) types[type(name)] = reduce_memory_file;
}

}  // namespace chkpt::heap
