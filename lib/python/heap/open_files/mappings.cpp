// SPDX-License-Identifier: BSD-3-Clause
// mmap.mmap: a file's is mapped again by its path, and what a private one had changed in its copy
// is changed again; anonymous memory comes back with its contents.
#include <Python.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/mapped_memory.hpp"
#include "base/open_descriptors.hpp"
#include "base/unique_fd.hpp"
#include "files/held_files.hpp"
#include "python/heap/call.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/open_files/open_file.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// A line of /proc/self/maps.
struct Mapping {
  int protection = 0;
  bool shared = false;
  std::uint64_t inode = 0;
  std::string path;
};

bool find_mapping(const void* address, Mapping& found) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> maps(std::fopen("/proc/self/maps", "re"),
                                                             std::fclose);
  if (!maps) return false;
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  char* line = nullptr;
  std::size_t capacity = 0;
  bool is_there = false;
  while (!is_there && getline(&line, &capacity, maps.get()) > 0) {
    std::uintptr_t begin = 0, end = 0;
    char access[5] = "";
    int path = 0;
    if (std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*x %*s %" SCNu64 " %n", &begin, &end,
                    access, &found.inode, &path) < 4)
      continue;
    if (wanted < begin || wanted >= end) continue;
    found.protection = (access[0] == 'r' ? PROT_READ : 0) | (access[1] == 'w' ? PROT_WRITE : 0) |
                       (access[2] == 'x' ? PROT_EXEC : 0);
    found.shared = access[3] == 's';
    found.path.assign(line + path, std::strcspn(line + path, "\n"));
    is_there = true;
  }
  std::free(line);
  return is_there;
}

// What repr() says: ", name=value".
std::string shown(const std::string& repr, const std::string& name) {
  const std::size_t at = repr.find(name + "=");
  if (at == std::string::npos) refuse("mmap objects of another kind");
  const std::size_t begin = at + name.size() + 1;
  return repr.substr(begin, repr.find_first_of(",>", begin) - begin);
}

class Buffer {
 public:
  Buffer(PyObject* object, int flags) { ok(PyObject_GetBuffer(object, &view_, flags)); }
  ~Buffer() { PyBuffer_Release(&view_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  char* data() const { return static_cast<char*>(view_.buf); }
  std::size_t size() const { return static_cast<std::size_t>(view_.len); }

 private:
  Py_buffer view_{};
};

// Pages that are the same already stay shared with the file.
void write_changed(PyObject* mapping, PyObject* bytes) {
  constexpr std::size_t kPage = 4096;
  const Buffer buffer(mapping, PyBUF_WRITABLE);
  const char* const from = PyBytes_AsString(bytes);
  if (static_cast<std::size_t>(PyBytes_Size(bytes)) != buffer.size())
    broken("a memory map has another size than at the snapshot");
  for (std::size_t at = 0; at < buffer.size(); at += kPage) {
    const std::size_t size = std::min(kPage, buffer.size() - at);
    if (std::memcmp(buffer.data() + at, from + at, size) != 0)
      std::memcpy(buffer.data() + at, from + at, size);
  }
}

UniqueFd open_mapped(const std::string& path, bool writes) {
  UniqueFd fd(open(path.c_str(), (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC));
  if (!fd) broken("cannot reopen '" + path + "' to map it: " + std::strerror(errno));
  return fd;
}

// (type, file, size, offset, access, protection, shared, position, contents or None); the file: its
// path, what was saved of one without a name, or None.
Ref rebuild_mapping(Args args) {
  const Ref keywords = new_dict();
  const long long access = integer(args[4]);
  const bool shared = is_true(args[6]);
  if (access == 0) {
    put(keywords, "flags", number(shared ? MAP_SHARED : MAP_PRIVATE));
    put(keywords, "prot", Ref::borrow(args[5]));
  } else {
    put(keywords, "access", Ref::borrow(args[4]));
  }
  put(keywords, "offset", Ref::borrow(args[3]));
  UniqueFd fd;
  if (args[1] != Py_None)
    fd = open_mapped(
        PyList_Check(args[1]) ? ReopenedFiles::current().remade(args[1]) : utf8(args[1]),
        shared && (integer(args[5]) & PROT_WRITE) != 0);
  const Ref made = call_with(
      args[0], pack(number(args[1] == Py_None ? -1 : fd.get()), args[2]).get(), keywords.get());
  if (args[8] != Py_None) write_changed(made.get(), args[8]);
  call_method(made, "seek", args[7]);
  return made;
}
const Rebuilder make_mapping{"mmap", guarded<rebuild_mapping>};

Ref rebuild_closed_mapping(Args args) {
  Ref made = call(args[0], number(-1), number(1));
  call_method(made, "close");
  return made;
}
const Rebuilder make_closed_mapping{"mmap.closed", guarded<rebuild_closed_mapping>};

long long access_named(const std::string& name) {
  const char* const names[] = {"ACCESS_DEFAULT", "ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY"};
  for (int i = 0; i < 4; ++i)
    if (name == names[i]) return i;
  refuse("mmap objects of another kind");
}

constexpr const char* kDeleted = " (deleted)";

bool is_deleted(const std::string& path) {
  return path.size() > 10 && path.compare(path.size() - 10, 10, kDeleted) == 0;
}

// The module keeps a descriptor of its own, unless it was told not to.
Ref deleted_file(const Mapping& mapping) {
  for (const auto& [fd, info] : open_descriptors())
    if (info.st_ino == mapping.inode && name_of_descriptor(fd) == mapping.path &&
        is_unlinked(mapping.path, info))
      return save_unlinked(fd, mapping.path, info);
  refuse("the file of a memory map, '" + mapping.path.substr(0, mapping.path.size() - 10) +
         "', has been deleted");
}

}  // namespace

Ref reduce_mapping(Saver&, PyObject* object, Rule& rule) {
  if (truth_of(object, "closed")) return reduced(make_closed_mapping, pack(rule.type));
  const std::string repr = utf8(own(PyObject_Repr(object)).get());
  const Buffer buffer(object, PyBUF_SIMPLE);
  Mapping mapping;
  if (!find_mapping(buffer.data(), mapping)) refuse("a memory map that is not there");
  const bool anonymous = mapping.inode == 0 || mapping.path == std::string("/dev/zero") + kDeleted;
  const bool deleted = !anonymous && is_deleted(mapping.path);
  if (!anonymous && !deleted && mapping.shared && (mapping.protection & PROT_WRITE) != 0)
    files::note_mapped(mapping.path);
  const bool by_content = anonymous || (!mapping.shared && (mapping.protection & PROT_WRITE) != 0);
  if (by_content && !is_readable(buffer.data() + buffer.size() - 1))
    refuse("a memory map that cannot be read, or not to its end");
  const Ref contents =
      by_content
          ? own(PyBytes_FromStringAndSize(buffer.data(), static_cast<Py_ssize_t>(buffer.size())))
          : none();
  const Ref size = number(static_cast<long long>(buffer.size()));
  const Ref offset = number(std::stoll(shown(repr, "offset")));
  return reduced(make_mapping, pack(rule.type,
                                    anonymous ? none()
                                    : deleted ? deleted_file(mapping)
                                              : text(mapping.path),
                                    size, offset, number(access_named(shown(repr, "access"))),
                                    number(mapping.protection), boolean(mapping.shared),
                                    call_method(object, "tell"), contents));
}

}  // namespace chkpt::heap
