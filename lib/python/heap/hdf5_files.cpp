// SPDX-License-Identifier: BSD-3-Clause
// Files that h5py has open: opened again under the same name, with the same settings. One that is
// open for writing is copied as a part of the snapshot (files/held_files.hpp); a resume puts the
// copy back before, so that here it only looks whether that is what it finds.
#include <Python.h>

#include <climits>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "base/units.hpp"
#include "files/held_files.hpp"
#include "files/journal.hpp"
#include "python/heap/call.hpp"
#include "python/heap/hdf5.hpp"
#include "python/heap/hdf5_superblock.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/open_file.hpp"

namespace chkpt::heap::hdf5 {
namespace {

// A description: (number, name as given, directory it is relative to | None, path | None, flags,
// packed access list, image | None, description of the one to open first | None)
enum Field { kNumber, kName, kDirectory, kPath, kFlags, kAccess, kImage, kFirst };

std::string quoted(const std::string& name) { return "'" + name + "'"; }

std::string name_of(PyObject* file_id) {
  const Ref name = call_method(module("h5f"), "get_name", file_id);
  return PyBytes_Check(name.get()) ? PyBytes_AS_STRING(name.get()) : utf8(name.get());
}

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real ? real.get() : "";
}

std::string current_directory() {
  char path[PATH_MAX];
  return ::getcwd(path, sizeof path) ? path : "";
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

struct Place {
  std::string path;       // absolute, of the file
  std::string directory;  // in which its name leads there; "" for an absolute name
};

// HDF5 keeps a name as it was given, which may have been in another working directory.
Place place_of(const std::string& name, const std::string& opened) {
  const std::string here = current_directory();
  const bool relative = name.empty() || name.front() != '/';
  if (real_path(relative ? here + "/" + name : name) == opened)
    return {opened, relative ? here : ""};
  if (relative && ends_with(opened, "/" + name))
    return {opened, opened.substr(0, opened.size() - name.size())};
  refuse("an open HDF5 file that has been renamed, replaced or removed (" + name + ")");
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

void want_contents(PyObject* file_id, const std::string& path) {
  if (!files::journal())
    refuse("HDF5 file " + quoted(path) +
           ", open for writing, whose contents chkpt was told to leave alone");
  call_method(module("h5f"), "flush", file_id, attr(module("h5f"), "SCOPE_GLOBAL"));
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) refuse("HDF5 file " + quoted(path) + " is gone");
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > files::largest_held())
    refuse("HDF5 file " + quoted(path) + ", open for writing, has " + format_bytes(size) +
           ": more than a snapshot copies (--copy-limit)");
  files::want(path);
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

Ref text_or_none(const std::string& value) {
  return value.empty() ? none() : own(PyUnicode_DecodeFSDefault(value.c_str()));
}

// A file that was made with track_order shows its members in their order only to the FileID that
// made it: HDF5 forgets that property of the root group when the file is opened again.
void check_order(PyObject* file_id, const std::string& shown) {
  const Ref created = call_method(file_id, "get_create_plist");
  if (integer(call_method(created, "get_link_creation_order").get()) != 0)
    refuse(shown + ", which was made with track_order and would not show it once opened again");
}

Ref describe_now(Saver& saver, PyObject* file_id, const Ref& first_number) {
  const std::string name = name_of(file_id);
  const std::string shown = "the open HDF5 file " + quoted(name);
  const Ref access = call_method(file_id, "get_access_plist");
  const Ref packed = packed_access_list(access.get(), shown);
  check_order(file_id, shown);
  const long long driver = integer(call_method(access, "get_driver").get());
  const long long intent = integer(call_method(file_id, "get_intent").get());
  Ref image = none(), first = none();
  Place place;
  if (is_only_in_memory(access.get(), driver)) {
    image = call_method(file_id, "get_file_image");
  } else {
    place = place_of(name, opened_path(file_id, name, driver));
    if (writes(intent)) {
      want_contents(file_id, place.path);
    } else if (const Ref writer = writer_of_same_file(file_id)) {
      first = describe_file(saver, writer.get());
    }
  }
  return pack(first_number, own(PyBytes_FromString(name.c_str())), text_or_none(place.directory),
              text_or_none(place.path), number(intent), packed, image, first);
}

// ---- the other way

std::string path_in(PyObject* description, Field field) {
  PyObject* value = item(description, field);
  if (value == Py_None) return "";
  const Ref bytes = own(PyUnicode_EncodeFSDefault(value));
  return PyBytes_AS_STRING(bytes.get());
}

// While alive, the working directory is the one that a file's name is relative to.
class Inside {
 public:
  explicit Inside(const std::string& directory) {
    if (directory.empty()) return;
    before_ = UniqueFd(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!before_ || ::chdir(directory.c_str()) != 0)
      broken("cannot enter " + quoted(directory) + ", in which an HDF5 file was opened");
  }
  ~Inside() {
    if (before_ && ::fchdir(before_.get()) != 0) std::abort();
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  UniqueFd before_;
};

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

struct Unlinked {
  const std::string& path;
  ~Unlinked() { ::unlink(path.c_str()); }
};

files::HeldFile held_at(const std::string& path) {
  const auto held = files::expected(path);
  if (!held) broken("the snapshot has no copy of the HDF5 file " + quoted(path));
  return *held;
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
  const std::string path = path_in(description, kPath);
  if (!writes(flags)) {
    const Inside inside(path_in(description, kDirectory));
    const bool patient = (flags & constant("h5f", "ACC_SWMR_READ")) != 0;
    return patient ? open_patiently(name, flags, access) : open_named(name, flags, access);
  }
  const files::HeldFile held = held_at(path);
  if (ReopenedFiles::leaves_locks()) {  // the file itself is the script's
    const std::string copy = files::private_copy(held);
    const Unlinked gone{copy};
    return open_for_writing(own(PyBytes_FromString(copy.c_str())).get(), copy, flags, access);
  }
  const std::string wrong = files::why_not_as_expected(held);
  if (!wrong.empty()) broken("an HDF5 file is not as it was at the snapshot: " + wrong);
  const Inside inside(path_in(description, kDirectory));
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
    // Collective for a file of several ranks, and refused.
    const Ref driver = call_method(call_method(file, "get_access_plist"), "get_driver");
    const Ref mpio = attr_or_null(module("h5fd").get(), "MPIO");
    if (mpio && ok(PyObject_RichCompareBool(mpio.get(), driver.get(), Py_EQ))) continue;
    const Ref done =
        Ref::steal(PyObject_CallMethod(h5f.get(), "flush", "OO", file, everything.get()));
    if (!done) PyErr_Clear();
  }
}

}  // namespace chkpt::heap::hdf5
