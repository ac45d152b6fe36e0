// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/global_libraries.hpp"

#include <set>
#include <string>

#include <dlfcn.h>
#include <unistd.h>

#include "base/loaded_images.hpp"
#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"

namespace chkpt::heap {
namespace {

// No call tells how a library was loaded: one that is seen by all has functions that a search
// through everything finds in it. Some may be found in an earlier one.
constexpr int kLookedFor = 8;

std::set<std::string>& first_libraries() {
  static auto* files = new std::set<std::string>;
  return *files;
}

bool is_global(const LoadedImage& image) {
  return any_of_first_exports(image, kLookedFor, [](const char* name, const void* address) {
    return ::dlsym(RTLD_DEFAULT, name) == address;
  });
}

}  // namespace

void note_first_libraries() {
  for (const LoadedImage& image : loaded_images()) first_libraries().insert(image.path());
}

Ref global_libraries() {
  Ref files = new_list();
  for (const LoadedImage& image : loaded_images()) {
    const std::string& file = image.path();
    if (file.empty() || first_libraries().count(file) != 0 || is_loaded_by_library(file) ||
        !is_global(image))
      continue;
    if (file[0] == '/' && ::access(file.c_str(), R_OK) != 0)
      refuse("a library that all others see, and whose file '" + file + "' has been removed");
    append(files, text(file));
  }
  return files;
}

void load_global_libraries(PyObject* files) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(files); ++i) {
    const std::string file = utf8(PyList_GET_ITEM(files, i));
    if (::dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL)) continue;
    const char* why = ::dlerror();
    broken("cannot load a library that all others saw: " + (why ? std::string(why) : file));
  }
}

}  // namespace chkpt::heap
