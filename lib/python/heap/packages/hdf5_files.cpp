// SPDX-License-Identifier: BSD-3-Clause
// Files that h5py has open: opened again under the same name, with the same settings. One that is
// open for writing is copied as a part of the snapshot (files/held_files.hpp); a resume puts the
// copy back before, so that here it only looks whether that is what it finds.
#include <Python.h>

#include <ctime>
#include <map>

#include <sys/stat.h>

#include "base/error.hpp"
#include "python/heap/call.hpp"
#include "python/heap/packages/hdf5.hpp"
#include "python/heap/packages/hdf5_superblock.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/open_files/open_file.hpp"
#include "python/heap/open_files/opened_names.hpp"

namespace chkpt::heap::hdf5 {
namespace {

// A description: (number, name as given, directory it is relative to | None, path | None, flags,
// packed access list, image | None, description of the one to open first | None)
enum Field { kNumber, kName, kDirectory, kPath, kFlags, kAccess, kImage, kFirst };

std::string name_of(PyObject* file_id) {
  const Ref name = call_method(module("h5f"), "get_name", file_id);
  return PyBytes_Check(name.get()) ? PyBytes_AS_STRING(name.get()) : utf8(name.get());
}

std::string shown_file(const std::string& name) { return "the open HDF5 file " + quoted(name); }

// Opened by several ranks together. This asks nothing of the others: its access list is a copy,
// with a duplicate of the communicator, and a rank that is refused for something else makes none.
bool is_shared(PyObject* file_id) {
  const Ref ask = attr_or_null(file_id, "get_mpi_atomicity");
  if (!ask) return false;
  if (Ref::steal(PyObject_CallNoArgs(ask.get()))) return true;
  PyErr_Clear();
  return false;
}

// What the identifier has open, by the system's word if the driver has a descriptor.
std::string opened_path(PyObject* file_id, const std::string& name, long long driver) {
  if (driver != constant("h5fd", "SEC2")) return real_path(name);
  const int fd = static_cast<int>(integer(call_method(file_id, "get_vfd_handle").get()));
  std::string path = name_of_descriptor(fd);
  struct stat opened {
  }, named{};
  if (::fstat(fd, &opened) != 0 || ::stat(path.c_str(), &named) != 0 ||
      opened.st_ino != named.st_ino || opened.st_dev != named.st_dev)
    refuse("an open HDF5 file that has been renamed, replaced or removed (" + name + ")");
  return path;
}

bool writes(long long intent) { return (intent & constant("h5f", "ACC_RDWR")) != 0; }

// Only in memory: a core file that is not written out at its end.
bool is_only_in_memory(PyObject* access, long long driver) {
  if (driver != constant("h5fd", "CORE")) return false;
  const Ref settings = call_method(access, "get_fapl_core");
  return !is_true(item(settings, 1));
}

Ref all_file_ids() {
  const Ref h5f = module("h5f");
  return call_method(h5f, "get_obj_ids", attr(h5f, "OBJ_ALL"), attr(h5f, "OBJ_FILE"));
}

// HDF5 lets a file that is open for writing be opened for reading once more, but not the other way
// round: null, or the identifier to open before.
Ref writer_of_same_file(PyObject* file_id) {
  const Ref number_here = attr(file_id, "fileno"), all = all_file_ids();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all.get()); ++i) {
    PyObject* other = PyList_GET_ITEM(all.get(), i);
    if (writes(integer(call_method(other, "get_intent").get())) &&
        ok(PyObject_RichCompareBool(attr(other, "fileno").get(), number_here.get(), Py_EQ)))
      return Ref::borrow(other);
  }
  return {};
}

// In a process that loads a state to look at it: by the identifiers of its own files.
struct Rehearsed {
  Ref file_id;  // keeps the number
  Ref description;
};
std::map<long long, Rehearsed>& rehearsed() {
  static std::map<long long, Rehearsed> descriptions;
  return descriptions;
}

long long handle_of(PyObject* file_id) { return integer(attr(file_id, "id").get()); }

// A file that was made with track_order shows its members in their order only to the FileID that
// made it: HDF5 forgets that property of the root group when the file is opened again.
void check_order(PyObject* file_id, const std::string& shown) {
  const Ref created = call_method(file_id, "get_create_plist");
  if (integer(call_method(created, "get_link_creation_order").get()) != 0)
    refuse(shown + ", which was made with track_order and would not show it once opened again");
}

Ref describe_now(Saver& saver, PyObject* file_id, const Ref& first_number) {
  check_alone(file_id);
  const std::string name = name_of(file_id);
  const std::string shown = shown_file(name);
  const Ref access = call_method(file_id, "get_access_plist");
  const Ref packed = packed_access_list(access.get(), shown);
  check_order(file_id, shown);
  const long long driver = integer(call_method(access, "get_driver").get());
  const long long intent = integer(call_method(file_id, "get_intent").get());
  Ref image = none(), first = none();
  OpenedName place;
  if (is_only_in_memory(access.get(), driver)) {
    image = call_method(file_id, "get_file_image");
  } else {
    place = opened_name(name, opened_path(file_id, name, driver), "HDF5");
    if (writes(intent)) {
      call_method(module("h5f"), "flush", file_id, attr(module("h5f"), "SCOPE_GLOBAL"));
      want_contents(place.path, "HDF5");
    } else if (const Ref writer = writer_of_same_file(file_id)) {
      first = describe_file(saver, writer.get());
    }
  }
  return pack(first_number, own(PyBytes_FromString(name.c_str())), path_or_none(place.directory),
              path_or_none(place.path), number(intent), packed, image, first);
}

// ---- the other way

Ref open_named(PyObject* name, long long flags, const Ref& access) {
  const Ref h5f = module("h5f");
  const Ref keywords = new_dict();
  put(keywords, "fapl", access);
  return call_with(attr(h5f, "open").get(), pack(name, number(flags)).get(), keywords.get());
}

// Another rank may be about to make it a file that can be read while it is written.
Ref open_patiently(PyObject* name, long long flags, const Ref& access) {
  constexpr int kTries = 500;
  constexpr timespec kPause = {0, 20'000'000};
  for (int i = 1; i < kTries; ++i) {
    try {
      return open_named(name, flags, access);
    } catch (const Raised&) {
      PyErr_Clear();
    }
    ::nanosleep(&kPause, nullptr);
  }
  return open_named(name, flags, access);
}

// `name` leads to what the snapshot holds.
Ref open_for_writing(PyObject* name, const std::string& path, long long flags, const Ref& access) {
  const long long swmr = constant("h5f", "ACC_SWMR_WRITE");
  clear_open_mark(path);
  const Ref file = open_named(name, flags & ~swmr, access);
  if ((flags & swmr) != 0) call_method(file, "start_swmr_write");
  return file;
}

Ref open_described(PyObject* description) {
  PyObject* name = item(description, kName);
  PyObject* image = item(description, kImage);
  const long long flags = integer(item(description, kFlags));
  const auto type = attr(module("h5p"), "PropFAID");
  const Ref access =
      unpacked_access_list(reinterpret_cast<PyTypeObject*>(type.get()), item(description, kAccess));
  if (image != Py_None) {
    call_method(access, "set_file_image", image);
    return open_named(name, flags, access);
  }
  const std::string path = path_of(item(description, kPath));
  if (!writes(flags)) {
    const Inside inside(path_of(item(description, kDirectory)), "HDF5");
    const bool patient = (flags & constant("h5f", "ACC_SWMR_READ")) != 0;
    return patient ? open_patiently(name, flags, access) : open_named(name, flags, access);
  }
  const HeldContents held(path, "HDF5");
  if (held.is_copy()) {
    const Ref copy = own(PyBytes_FromString(held.path().c_str()));
    return open_for_writing(copy.get(), held.path(), flags, access);
  }
  const Inside inside(path_of(item(description, kDirectory)), "HDF5");
  return open_for_writing(name, path, flags, access);
}

// Of the newest load, until all objects are there.
std::map<long long, Ref>& reopened() {
  static std::map<long long, Ref> files;
  return files;
}

Ref first_of(PyObject* description) {
  const long long key = integer(item(description, kNumber));
  Ref& known = reopened()[key];
  if (known) return known;
  if (reopened().size() == 1) Loader::current().afterwards([] { reopened().clear(); });
  PyObject* first = item(description, kFirst);
  if (first != Py_None) first_of(first);
  try {
    known = open_described(description);
  } catch (const Error& problem) {
    broken(problem.what());
  }
  if (ReopenedFiles::leaves_locks())
    rehearsed()[handle_of(known.get())] = {known, Ref::borrow(description)};
  return known;
}

}  // namespace

void check_alone(PyObject* file_id) {
  if (is_shared(file_id)) refuse(shown_file(name_of(file_id)) + " with HDF5's driver mpio");
}

Ref describe_file(Saver& saver, PyObject* file_id) {
  const long long handle = handle_of(file_id);
  const auto known = rehearsed().find(handle);
  if (known != rehearsed().end()) return known->second.description;
  const Ref files = saver.hdf5_files();
  const Ref key = number(handle);
  if (PyObject* found = PyDict_GetItemWithError(files.get(), key.get()))
    return Ref::borrow(item(found, 1));
  // The identifier stays open for as long as its number means this file.
  const Ref order = number(PyDict_GET_SIZE(files.get()));
  ok(PyDict_SetItem(files.get(), key.get(), pack(file_id, none()).get()));
  Ref description = describe_now(saver, file_id, order);
  ok(PyDict_SetItem(files.get(), key.get(), pack(file_id, description).get()));
  return description;
}

Ref reopen_file(PyObject* description) { return call_method(first_of(description), "__copy__"); }

void flush_files() {
  if (!loaded_module("h5py")) return;
  const Ref h5f = module("h5f"), everything = attr(h5f, "SCOPE_GLOBAL"), all = all_file_ids();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all.get()); ++i) {
    PyObject* file = PyList_GET_ITEM(all.get(), i);
    if (!writes(integer(call_method(file, "get_intent").get()))) continue;
    if (is_shared(file)) continue;  // collective, and refused
    const Ref done =
        Ref::steal(PyObject_CallMethod(h5f.get(), "flush", "OO", file, everything.get()));
    if (!done) PyErr_Clear();
  }
}

}  // namespace chkpt::heap::hdf5
