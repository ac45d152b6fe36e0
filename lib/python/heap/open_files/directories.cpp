// SPDX-License-Identifier: BSD-3-Clause
// What os.walk() and pathlib keep of the directories they have listed: entries, and the closed
// iterators they came from. An iterator that is still open is refused.
#include <Python.h>
#include <structmember.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "python/frames/stack.hpp"
#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// ---- os.DirEntry: four objects, then the type, inode and descriptor as the system gave them

struct Entry {
  PyObject_HEAD PyObject* objects[4];  // name, path, and the results of stat() asked for so far
  unsigned char plain[24];
};

bool is_at(PyTypeObject* type, const char* name, std::size_t offset) {
  PyObject* member = _PyType_Lookup(type, text(name).get());
  return member && Py_TYPE(member) == &PyMemberDescr_Type &&
         reinterpret_cast<PyMemberDescrObject*>(member)->d_member->offset ==
             static_cast<Py_ssize_t>(offset);
}

Ref rebuild_entry(Args args) {
  auto* type = reinterpret_cast<PyTypeObject*>(args[0]);
  Ref made = own(type->tp_alloc(type, 0));
  auto* entry = reinterpret_cast<Entry*>(made.get());
  for (int i = 0; i < 4; ++i) {
    PyObject* object = item(args[1], i);
    entry->objects[i] = object == frames::null_marker() ? nullptr : Py_NewRef(object);
  }
  if (!PyBytes_Check(args[2]) || PyBytes_GET_SIZE(args[2]) != sizeof entry->plain)
    broken("a saved directory entry lacks its type");
  std::memcpy(entry->plain, PyBytes_AS_STRING(args[2]), sizeof entry->plain);
  return made;
}
const Rebuilder make_entry{"dir_entry", guarded<rebuild_entry>};

// ---- os.scandir(): which word of the iterator is the open directory, null in a closed one

std::uintptr_t word_at(PyObject* object, std::size_t offset) {
  std::uintptr_t word = 0;
  std::memcpy(&word, reinterpret_cast<const char*>(object) + offset, sizeof word);
  return word;
}

Ref closed_scandir() {
  Ref iterator = call_method(import("os"), "scandir", text("/"));
  call_method(iterator, "close");
  return iterator;
}

// 0 if closing an iterator does not clear exactly one word.
std::size_t find_directory() {
  const Ref iterator = call_method(import("os"), "scandir", text("/"));
  const auto size = static_cast<std::size_t>(Py_TYPE(iterator.get())->tp_basicsize);
  std::vector<std::uintptr_t> open;
  for (std::size_t at = 0; at + sizeof(void*) <= size; at += sizeof(void*))
    open.push_back(word_at(iterator.get(), at));
  call_method(iterator, "close");
  std::size_t found = 0, cleared = 0;
  for (std::size_t i = 0; i < open.size(); ++i)
    if (open[i] != 0 && word_at(iterator.get(), i * sizeof(void*)) == 0) {
      found = i * sizeof(void*);
      ++cleared;
    }
  return cleared == 1 ? found : 0;
}

Ref rebuild_scandir(Args) { return closed_scandir(); }
const Rebuilder make_scandir{"scandir.closed", guarded<rebuild_scandir>};

}  // namespace

Ref reduce_directory_entry(Saver&, PyObject* object, Rule& rule) {
  const auto* entry = reinterpret_cast<const Entry*>(object);
  if (rule.type->tp_basicsize != sizeof(Entry) ||
      !is_at(rule.type, "name", offsetof(Entry, objects)) ||
      !is_at(rule.type, "path", offsetof(Entry, objects) + sizeof(PyObject*)))
    refuse("os.DirEntry of another kind");
  const Ref objects = own(PyTuple_New(4));
  for (int i = 0; i < 4; ++i)
    PyTuple_SET_ITEM(objects.get(), i,
                     Py_NewRef(entry->objects[i] ? entry->objects[i] : frames::null_marker()));
  const auto* plain = reinterpret_cast<const char*>(entry->plain);
  return reduced(make_entry, pack(rule.type, objects,
                                  own(PyBytes_FromStringAndSize(plain, sizeof entry->plain))));
}

Ref reduce_scandir(Saver&, PyObject* iterator, Rule&) {
  static const std::size_t directory = find_directory();
  if (directory == 0 || word_at(iterator, directory) != 0)
    refuse("a directory that is being listed (os.scandir)");
  return reduced(make_scandir, own(PyTuple_New(0)));
}

}  // namespace chkpt::heap
