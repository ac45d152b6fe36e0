// SPDX-License-Identifier: BSD-3-Clause
// Descriptors that the script has as bare numbers (os.open, os.dup, os.pipe) and what it put in the
// place of the standard ones (os.dup2). File objects are the heap's: they bring their own numbers.
#include <Python.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "files/descriptors.hpp"
#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/heap/open_files/open_file.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT
namespace descriptors = files::descriptors;
using descriptors::Known;
using descriptors::Origin;

using FileId = std::pair<dev_t, ino_t>;

FileId id_of(const struct stat& info) { return {info.st_dev, info.st_ino}; }

struct stat examine(int number) {
  struct stat info {};
  if (fstat(number, &info) != 0) refuse("descriptor " + std::to_string(number) + " is not open");
  return info;
}

// ---- who has the numbers

struct Owners {
  std::set<int> numbers;           // of file objects and sockets
  std::map<FileId, int> mappings;  // how many mmap objects there are of a file
  std::map<int, Ref> read_ahead;   // buffered files whose position is before that of their number
};

// Files mapped into memory, by the address they begin at.
std::map<std::uintptr_t, FileId> mapped_files() {
  std::map<std::uintptr_t, FileId> found;
  const std::unique_ptr<FILE, int (*)(FILE*)> maps(std::fopen("/proc/self/maps", "re"),
                                                   std::fclose);
  if (!maps) refuse("/proc/self/maps cannot be read");
  char* line = nullptr;
  std::size_t capacity = 0;
  while (getline(&line, &capacity, maps.get()) > 0) {
    unsigned long begin = 0, inode = 0;
    unsigned int high = 0, low = 0;
    if (std::sscanf(line, "%lx-%*x %*s %*x %x:%x %lu", &begin, &high, &low, &inode) == 4 && inode)
      found[begin] = {makedev(high, low), inode};
  }
  std::free(line);
  return found;
}

void count_mapping(PyObject* mapping, const std::map<std::uintptr_t, FileId>& files,
                   Owners& owners) {
  Py_buffer view;
  if (PyObject_GetBuffer(mapping, &view, PyBUF_SIMPLE) < 0) {
    PyErr_Clear();  // closed
    return;
  }
  const auto file = files.find(reinterpret_cast<std::uintptr_t>(view.buf));
  PyBuffer_Release(&view);
  if (file != files.end()) ++owners.mappings[file->second];
}

void add_file_object(PyObject* file, Owners& owners) {
  if (!truth_of(file, "closed"))
    owners.numbers.insert(static_cast<int>(integer(call_method(file, "fileno").get())));
}

PyTypeObject* type_in(const char* module, const char* name) {
  PyObject* loaded = loaded_module(module);
  return loaded ? reinterpret_cast<PyTypeObject*>(attr(loaded, name).get()) : nullptr;
}

bool is_a(PyObject* object, PyTypeObject* type) {
  return type != nullptr && PyObject_TypeCheck(object, type) != 0;
}

void add_socket(PyObject* socket, PyTypeObject* type, Owners& owners) {
  const Ref arguments = pack(Ref::borrow(socket));
  const auto number =
      integer(call_with(attr(raw(type), "fileno").get(), arguments.get(), nullptr).get());
  if (number >= 0) owners.numbers.insert(static_cast<int>(number));
}

// Only layers right above a file: others have no number, or one that is not theirs to move.
void add_read_ahead(PyObject* file, PyTypeObject* file_io, Owners& owners) {
  const Ref below = attr_or_null(file, "raw");
  if (!below || !is_a(below.get(), file_io)) return;
  if (truth_of(file, "closed") || !is_true(call_method(file, "seekable"))) return;
  const int number = static_cast<int>(integer(call_method(file, "fileno").get()));
  if (integer(call_method(file, "tell").get()) != lseek(number, 0, SEEK_CUR))
    owners.read_ahead[number] = Ref::borrow(file);
}

Owners find_owners() {
  Owners owners;
  PyTypeObject* const file_io = type_in("_io", "FileIO");
  PyTypeObject* const reader = type_in("_io", "BufferedReader");
  PyTypeObject* const random = type_in("_io", "BufferedRandom");
  PyTypeObject* const mapping = type_in("mmap", "mmap");
  PyTypeObject* const socket = type_in("_socket", "socket");
  const auto files = mapping ? mapped_files() : std::map<std::uintptr_t, FileId>();
  const Ref objects = collector_objects();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(objects.get()); ++i) {
    PyObject* object = PyList_GET_ITEM(objects.get(), i);
    if (is_a(object, file_io)) add_file_object(object, owners);
    if (is_a(object, socket)) add_socket(object, socket, owners);
    if (is_a(object, mapping)) count_mapping(object, files, owners);
    if (is_a(object, reader) || is_a(object, random)) add_read_ahead(object, file_io, owners);
  }
  return owners;
}

// ---- saving

// What is left of a pipe whose other end nobody has any more: to read, its end has been reached; to
// write, it takes nothing.
bool is_left_alone(int number, const struct stat& info, bool to_read) {
  if (!S_ISFIFO(info.st_mode)) return false;
  if (((fcntl(number, F_GETFL) & O_ACCMODE) == O_RDONLY) != to_read) return false;
  pollfd state{number, static_cast<short>(to_read ? POLLIN : POLLOUT), 0};
  if (poll(&state, 1, 0) != 1) return false;
  return to_read ? state.revents == POLLHUP : (state.revents & POLLERR) != 0;
}

bool inheritable(int number) { return (fcntl(number, F_GETFD) & FD_CLOEXEC) == 0; }

[[noreturn]] void refuse_number(int number, const std::string& why) {
  refuse("descriptor " + std::to_string(number) + ", which the script holds as a number: " + why);
}

void refuse_read_ahead(const OpenFile& file, const Owners& owners) {
  for (const auto& [number, object] : owners.read_ahead)
    if (describe_descriptor(number).group == file.group)
      refuse_number(file.number, "it shares its position with a file object that has read ahead");
}

// (what, ...): ("stream", number, standard stream, inheritable), ("ended" or "unread", number,
// inheritable) or ("file", open file, position)
Ref describe(int number, const Owners& owners) {
  const struct stat info = examine(number);
  if (const auto stream = descriptors::as_standard_stream(info))
    return pack(text("stream"), heap::number(number), heap::number(*stream),
                boolean(inheritable(number)));
  for (const bool to_read : {true, false})
    if (is_left_alone(number, info, to_read))
      return pack(text(to_read ? "ended" : "unread"), heap::number(number),
                  boolean(inheritable(number)));
  try {
    const OpenFile file = describe_descriptor(number);
    refuse_read_ahead(file, owners);
    return pack(text("file"), packed(file), heap::number(lseek(number, 0, SEEK_CUR)));
  } catch (const CannotSave& reason) {
    refuse_number(number, reason.what());
  }
}

// The module mmap keeps a copy of the descriptor it was given; which of the copies of a file are
// its own cannot be told if there are others.
bool is_mapping_copy(const Known& known, const Owners& owners, std::map<FileId, int>& copies) {
  if (known.origin != Origin::kCopied) return false;
  const FileId id = id_of(examine(known.number));
  const auto mappings = owners.mappings.find(id);
  if (mappings == owners.mappings.end()) return false;
  if (++copies[id] > mappings->second)
    refuse_number(known.number, "it may be one of those that mmap keeps");
  return true;
}

Ref save_descriptors() {
  const std::vector<Known> all = descriptors::known();
  if (all.empty()) return none();
  const Owners owners = find_owners();
  std::map<FileId, int> copies;
  const Ref saved = new_list();
  for (const Known& known : all) {
    if (known.number > 2 && owners.numbers.count(known.number) != 0) continue;
    if (known.number > 2 && is_mapping_copy(known, owners, copies)) continue;
    append(saved, describe(known.number, owners));
  }
  return PyList_GET_SIZE(saved.get()) ? saved : none();
}

// ---- restoring

void give(int fd, int number, bool inherited) {
  if (fd < 0 || !files::low_numbers::give(fd, number, inherited))
    broken("descriptor " + std::to_string(number) +
           ", which the script holds as a number, is in "
           "use here");
  descriptors::adopt(number, Origin::kCopied);
}

void restore_end_of_pipe(PyObject* saved, bool to_read) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) broken("a pipe could not be made");
  ::close(ends[to_read ? 1 : 0]);
  give(ends[to_read ? 0 : 1], static_cast<int>(integer(item(saved, 1))), is_true(item(saved, 2)));
}

void restore_file(PyObject* saved) {
  const OpenFile file = unpacked_file(item(saved, 1));
  const off_t position = static_cast<off_t>(integer(item(saved, 2)));
  const int fd = ReopenedFiles::current().reopen_exactly(file);
  if (position >= 0 && file.size >= 0 && lseek(fd, position, SEEK_SET) < 0)
    broken("descriptor " + std::to_string(fd) + " could not be positioned");
}

bool is(PyObject* saved, const char* what) { return utf8(item(saved, 0)) == what; }

// Copies of the standard streams first: what follows may take the place of these.
void restore_descriptors(PyObject* all) {
  std::vector<std::pair<PyObject*, int>> streams;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all); ++i) {
    PyObject* saved = PyList_GET_ITEM(all, i);
    if (!is(saved, "stream")) continue;
    const int stream = static_cast<int>(integer(item(saved, 2)));
    streams.emplace_back(saved, fcntl(stream, F_DUPFD_CLOEXEC, 3));
  }
  for (const auto& [saved, fd] : streams)
    give(fd, static_cast<int>(integer(item(saved, 1))), is_true(item(saved, 3)));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all); ++i) {
    PyObject* saved = PyList_GET_ITEM(all, i);
    if (is(saved, "ended")) restore_end_of_pipe(saved, true);
    if (is(saved, "unread")) restore_end_of_pipe(saved, false);
    if (is(saved, "file")) restore_file(saved);
  }
}

}  // namespace

void register_descriptor_part() {
  register_process_part({"descriptors", save_descriptors, restore_descriptors, 950});
}

}  // namespace chkpt::process
