// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/modules/library_paths.hpp"

#include <climits>
#include <cstdlib>
#include <unordered_map>
#include <vector>

#include "base/text.hpp"
#include "python/heap/call.hpp"
#include "python/heap/modules/installed_packages.hpp"

namespace chkpt::heap {
namespace {

std::string real_path(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) ? resolved : path;
}

// sys.base_prefix/lib/pythonX.Y and the same under the prefixes: asked from sys, because importing
// sysconfig would show in the script's sys.modules.
std::vector<std::string> find_library_roots() {
  std::vector<std::string> roots;
  const std::string version =
      std::to_string(PY_MAJOR_VERSION) + "." + std::to_string(PY_MINOR_VERSION);
  for (const char* name : {"prefix", "exec_prefix", "base_prefix", "base_exec_prefix"}) {
    PyObject* prefix = PySys_GetObject(name);
    if (!prefix || !PyUnicode_Check(prefix)) continue;
    for (const char* folder : {"/lib/", "/lib64/", "/local/lib/"})
      for (const std::string& python : {"python" + version + "/", std::string("python3/")})
        roots.push_back(real_path(utf8(prefix) + folder + python) + "/");
  }
  if (PyObject* platlib = PySys_GetObject("_stdlib_dir"); platlib && PyUnicode_Check(platlib))
    roots.push_back(real_path(utf8(platlib)) + "/");
  return roots;
}

bool lies_in_package(const std::string& real) {
  return real.find("/site-packages/") != std::string::npos ||
         real.find("/dist-packages/") != std::string::npos || is_recorded_file(real);
}

bool lies_in_library(const std::string& path) {
  static const std::vector<std::string> roots = find_library_roots();
  const std::string real = real_path(path);
  for (const std::string& root : roots)
    if (begins_with(real, root)) return true;
  return lies_in_package(real);
}

// Also the folders of libraries of an environment that Python belongs to.
bool lies_in_system(const std::string& path) {
  for (const char* folder : {"/usr/", "/lib/", "/lib64/"})
    if (begins_with(path, folder)) return true;
  for (const char* name : {"prefix", "base_prefix"}) {
    PyObject* prefix = PySys_GetObject(name);
    if (prefix && PyUnicode_Check(prefix) && begins_with(path, utf8(prefix) + "/lib/")) return true;
  }
  return false;
}

// Each save asks for every module's file, and following its path through the file system takes
// longer than all else that is done for a module. Where a module came from does not change.
using Known = std::unordered_map<std::string, bool>;
template <class Decide>
bool remembered(Known& known, const std::string& path, Decide decide) {
  if (path.empty() || path.front() != '/') return decide(path);
  const auto found = known.find(path);
  if (found != known.end()) return found->second;
  return known[path] = decide(path);
}

}  // namespace

bool is_library_file(const std::string& path) {
  static Known known;
  return remembered(known, path, lies_in_library);
}

bool is_package_file(const std::string& path) {
  static Known known;
  return remembered(known, path,
                    [](const std::string& file) { return lies_in_package(real_path(file)); });
}

bool is_python_source(const std::string& origin) {
  if (ends_with(origin, ".py") || ends_with(origin, ".pyc")) return true;
  const bool compiled = ends_with(origin, ".so") || origin.find(".so.") != std::string::npos;
  return !compiled && origin.find('/') != std::string::npos;
}

bool is_library_origin(const std::string& origin) {
  return !is_python_source(origin) || is_library_file(origin);
}

bool is_own_binary(const std::string& path) {
  // The loader finds one without a path in the folders of the system.
  return path.find('/') != std::string::npos && !lies_in_system(path) && !is_library_file(path);
}

}  // namespace chkpt::heap
