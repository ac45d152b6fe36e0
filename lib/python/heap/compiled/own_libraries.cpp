// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/own_libraries.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "base/symbol_table.hpp"
#include "base/text.hpp"
#include "python/heap/call.hpp"
#include "python/heap/customs.hpp"
#include "python/heap/compiled/image_variables.hpp"
#include "python/heap/compiled/kept_words.hpp"
#include "python/heap/modules/library_paths.hpp"
#include "python/heap/compiled/live_objects.hpp"

namespace chkpt::heap {
namespace {

struct OwnLibrary {
  std::uintptr_t base = 0;  // where it was loaded
  std::string identity;
  std::vector<KeptMemory> memories;
  std::optional<FirstAddresses> first;
  std::vector<PyTypeObject*> types;  // that lie in it
  bool loaded_by_thread = false;     // whose thread-local variables were the ones to be seen
};

std::map<std::string, OwnLibrary>& own_libraries() {
  static auto* const all = new std::map<std::string, OwnLibrary>;
  return *all;
}

std::vector<PyTypeObject*> types_in(const LoadedImage& image,
                                    const std::vector<PyTypeObject*>& types) {
  std::vector<PyTypeObject*> found;
  for (PyTypeObject* type : types)
    if (image.contains(reinterpret_cast<std::uintptr_t>(type))) found.push_back(type);
  return found;
}

bool is_known(const LoadedImage& image) {
  const auto known = own_libraries().find(image.path());
  return known != own_libraries().end() && known->second.base == image.base();
}

// ---- what a library is linked to

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

bool is_named(const LoadedImage& image, const std::string& name) {
  return image.path() == name || ends_with(image.path(), "/" + name) || image.shared_name() == name;
}

// Where Python looks for the script's own modules.
std::string folder_of_script() {
  PyObject* path = PySys_GetObject("path");
  PyObject* first =
      path && PyList_Check(path) && PyList_GET_SIZE(path) ? PyList_GET_ITEM(path, 0) : nullptr;
  const std::string folder = first && PyUnicode_Check(first) ? utf8(first) : "";
  return folder.empty() || ends_with(folder, "/") ? folder : folder + "/";
}

// Others that a library is linked to may be anybody's.
bool lies_beside(const std::string& path, const LoadedImage& user) {
  const std::string script = folder_of_script();
  return begins_with(path, folder_of(user.path())) ||
         (!script.empty() && begins_with(path, script));
}

// ---- saving

bool is_same_file(const std::string& one, const std::string& other) {
  struct stat a {
  }, b{};
  return ::stat(one.c_str(), &a) == 0 && ::stat(other.c_str(), &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

// The script has excluded the module (chkpt.exclude): its variables are as an import makes them.
bool is_excluded(const Customs& customs, const std::string& path) {
  PyObject* pairs = customs.excluded.get();
  for (Py_ssize_t i = 0; pairs && i < PyList_GET_SIZE(pairs); ++i) {
    PyObject* object = item(PyList_GET_ITEM(pairs, i), 0);
    PyObject* file = PyModule_Check(object) ? find(PyModule_GetDict(object), "__file__") : nullptr;
    if (file && PyUnicode_Check(file) && is_same_file(utf8(file), path)) return true;
  }
  return false;
}

// Such a type is part of the library's memory, and not ready after a new import.
void check_types(const LoadedImage& image, const OwnLibrary& known,
                 const std::vector<PyTypeObject*>& types) {
  for (PyTypeObject* type : types_in(image, types))
    if (std::find(known.types.begin(), known.types.end(), type) == known.types.end())
      refuse("the type " + std::string(type->tp_name) + ", which " + image.path() +
             " has made after it was loaded");
}

}  // namespace

void note_own_library(const LoadedImage& image, std::vector<KeptMemory> more) {
  if (is_known(image)) return;
  const SymbolTable symbols = read_symbol_table(image);
  const std::vector<PyTypeObject*> types = live_types();
  OwnLibrary known;
  known.base = image.base();
  known.identity = symbols.identity;
  known.types = types_in(image, types);
  known.memories = {{image.base(), variables_of(image, symbols, types)},
                    {image.thread_block().begin, thread_variables_of(image, symbols)}};
  known.loaded_by_thread = !known.memories[1].variables.empty() && ::gettid() != ::getpid();
  for (KeptMemory& memory : more) known.memories.push_back(std::move(memory));
  using Known = FirstAddresses::Known;
  known.first.emplace(known.memories, !symbols.is_stripped       ? Known::kNames
                                      : is_made_by_cython(image) ? Known::kNothing
                                                                 : Known::kOwner);
  own_libraries()[image.path()] = std::move(known);
  note_linked_libraries(image);
}

void note_linked_libraries(const LoadedImage& image) {
  const std::vector<std::string> names = image.linked_to();
  for (const LoadedImage& other : loaded_images()) {
    const bool is_linked = std::any_of(
        names.begin(), names.end(), [&](const std::string& name) { return is_named(other, name); });
    if (is_linked && is_own_binary(other.path()) && lies_beside(other.path(), image))
      note_own_library(other);
  }
}

void forget_own_libraries() { own_libraries().clear(); }

Ref changed_own_libraries() {
  if (own_libraries().empty()) return none();
  const Ref saved = new_dict();
  const Customs customs = current_customs();
  const std::vector<PyTypeObject*> types = live_types();
  for (const auto& [path, known] : own_libraries()) {
    const std::optional<LoadedImage> image = loaded_image(path);
    if (!image || is_excluded(customs, path)) continue;
    if (image->base() != known.base)
      refuse("what the code in " + path + " keeps: it was loaded in a way that chkpt does not see");
    if (known.loaded_by_thread)
      refuse("thread-local variables of " + path + ", which another thread has loaded");
    check_types(*image, known, types);
    put(saved, path.c_str(),
        pack(text(known.identity), packed_words(known.memories, *known.first, path)));
  }
  return saved;
}

void restore_own_libraries(PyObject* saved) {
  PyObject *key = nullptr, *entry = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(saved, &at, &key, &entry);) {
    const auto found = own_libraries().find(utf8(key));
    if (found == own_libraries().end()) continue;
    if (utf8(item(entry, 0)) != found->second.identity)
      broken(found->first + " is another library than before");
    set_words(found->second.memories, *found->second.first, item(entry, 1));
  }
}

bool leave_out_unsaveable_of_own(const std::function<std::string(PyObject*)>& why_not) {
  bool any = false;
  for (auto& [path, known] : own_libraries())
    if (loaded_image(path)) any = known.first->leave_out_unsaveable(why_not, path) || any;
  return any;
}

}  // namespace chkpt::heap
