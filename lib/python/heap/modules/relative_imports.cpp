// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/modules/relative_imports.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unordered_map>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

std::string contents_hash(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return in.bad() ? "" : hash128(ByteView(all.data(), all.size())).hex();
}

// What was there when the first snapshot needed it, not what has been put there since.
const std::string& first_contents_hash(const std::string& file) {
  static std::unordered_map<std::string, std::string> known;
  const auto found = known.find(file);
  return found != known.end() ? found->second : known[file] = contents_hash(file);
}

// Empty if it does not come from a file.
std::string file_of(PyObject* spec) {
  const Ref origin = spec && spec != Py_None ? attr_or_null(spec, "origin") : Ref();
  const std::string file = origin && PyUnicode_Check(origin.get()) ? utf8(origin.get()) : "";
  return begins_with(file, "/") ? file : "";
}

Ref spec_of(PyObject* module) { return attr_or_null(module, "__spec__"); }

using Folders = std::vector<std::string>;

Folders path_entries(bool absolute) {
  Folders entries;
  PyObject* path = PySys_GetObject("path");
  for (Py_ssize_t i = 0; path && PyList_Check(path) && i < PyList_GET_SIZE(path); ++i) {
    PyObject* entry = PyList_GET_ITEM(path, i);
    if (!PyUnicode_Check(entry)) continue;
    const std::string folder = utf8(entry);
    if (begins_with(folder, "/") == absolute) entries.push_back(folder);
  }
  return entries;
}

Folders directories_in(PyObject* directories) {
  Folders all{PyBytes_AsString(item(directories, 0))};
  PyObject* changes = item(directories, 1);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(changes); ++i)
    all.emplace_back(PyBytes_AsString(item(PyList_GET_ITEM(changes, i), 1)));
  return all;
}

// The file is that of the module, or of its outermost package, in one of the folders.
bool is_found_in(const Folders& folders, const std::string& outermost, const std::string& file) {
  for (const std::string& folder : folders) {
    const std::filesystem::path place = std::filesystem::path(folder) / outermost;
    const std::string begin = place.lexically_normal().string();
    if (begins_with(file, begin + ".") || begins_with(file, begin + "/")) return true;
  }
  return false;
}

Folders relative_folders(PyObject* directories) {
  Folders folders;
  const Folders entries = path_entries(false);
  if (entries.empty() || directories == Py_None) return folders;
  for (const std::string& directory : directories_in(directories))
    for (const std::string& entry : entries)
      folders.push_back((std::filesystem::path(directory) / entry).string());
  return folders;
}

// Without importing it.
Ref spec_to_come(PyObject* name) {
  PyObject* modules = PyImport_GetModuleDict();
  if (PyObject* module = PyDict_GetItemWithError(modules, name)) return spec_of(module);
  const Ref parts = call_method(Ref::borrow(name), "rpartition", text("."));
  PyObject* parent = PyDict_GetItemWithError(modules, item(parts, 0));
  const Ref path = parent ? attr_or_null(parent, "__path__") : none();
  if (!path || (!parent && PyUnicode_GET_LENGTH(item(parts, 0)) > 0)) return {};
  return call_method(import("_frozen_importlib"), "_find_spec", Ref::borrow(name), path);
}

}  // namespace

Ref relative_imports(const std::vector<Ref>& names, PyObject* directories) {
  Ref found = new_dict();
  const Folders relative = relative_folders(directories);
  if (relative.empty()) return found;
  const Folders absolute = path_entries(true);
  for (const Ref& name : names) {
    PyObject* module = PyDict_GetItemWithError(PyImport_GetModuleDict(), name.get());
    const std::string file = module ? file_of(spec_of(module).get()) : "";
    const std::string dotted = utf8(name.get()), outermost = dotted.substr(0, dotted.find('.'));
    if (file.empty() || is_found_in(absolute, outermost, file)) continue;
    if (is_found_in(relative, outermost, file))
      ok(PyDict_SetItem(found.get(), name.get(),
                        pack(text(file), text(first_contents_hash(file))).get()));
  }
  return found;
}

void check_relative_import(PyObject* saved, PyObject* name) {
  PyObject* before = saved ? PyDict_GetItemWithError(saved, name) : nullptr;
  if (!before) return;
  const Ref spec = spec_to_come(name);
  const std::string file = file_of(spec.get());  // none: the import will say so
  if (!file.empty() && contents_hash(file) != utf8(item(before, 1)))
    broken("module " + utf8(name) + " was imported from " + utf8(item(before, 0)) +
           ", by a relative entry of sys.path, which leads to another file now: " + file);
}

}  // namespace chkpt::heap
