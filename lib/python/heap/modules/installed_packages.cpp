// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/modules/installed_packages.hpp"

#include <climits>
#include <cstdlib>
#include <fstream>
#include <set>
#include <unordered_map>

#include "base/directory.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

using Names = std::set<std::string>;

// The folder or file at the top. Each line is a path, its hash and its size, with commas between.
std::string top_of(const std::string& path) { return path.substr(0, path.find_first_of("/,")); }

void add_recorded(const std::string& record, Names& names) {
  std::ifstream file(record);
  for (std::string line; std::getline(file, line);) {
    const std::string top = top_of(line);
    if (top.empty() || top == ".." || top == "bin" || top == "__pycache__") continue;
    if (!ends_with(top, ".dist-info")) names.insert(top);
  }
}

// Nothing where it cannot be read.
Names recorded_in(const std::string& folder) {
  Names names;
  try {
    for (const std::string& name : Directory::open(folder).names())
      if (ends_with(name, ".dist-info")) add_recorded(folder + "/" + name + "/RECORD", names);
  } catch (const Error&) {
  }
  return names;
}

const Names& names_in(const std::string& folder) {
  static std::unordered_map<std::string, Names> known;
  const auto found = known.find(folder);
  return found != known.end() ? found->second : known[folder] = recorded_in(folder);
}

bool is_recorded_in(PyObject* entry, const std::string& real_path) {
  if (!PyUnicode_Check(entry) || PyUnicode_GET_LENGTH(entry) == 0) return false;
  char folder[PATH_MAX];
  if (!::realpath(utf8(entry).c_str(), folder)) return false;
  const std::string root = std::string(folder) + "/";
  return begins_with(real_path, root) &&
         names_in(folder).count(top_of(real_path.substr(root.size()))) != 0;
}

}  // namespace

bool is_recorded_file(const std::string& real_path) {
  PyObject* path = PySys_GetObject("path");
  for (Py_ssize_t i = 0; path && PyList_Check(path) && i < PyList_GET_SIZE(path); ++i)
    if (is_recorded_in(PyList_GET_ITEM(path, i), real_path)) return true;
  return false;
}

}  // namespace chkpt::heap
