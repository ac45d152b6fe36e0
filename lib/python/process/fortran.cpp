// SPDX-License-Identifier: BSD-3-Clause
// What Fortran code under Python modules keeps between calls: COMMON blocks and saved variables, as
// the solvers vode and lsoda have them, and module variables, allocatable ones too.
#include <Python.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <link.h>

#include "files/descriptors.hpp"
#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/heap/fortran_data.hpp"
#include "python/heap/fortran_images.hpp"
#include "python/heap/numpy_arrays.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

constexpr const char* kRunTimes[] = {"libgfortran", "libflang", "libifcore"};

bool is_run_time(const char* path) {
  const char* slash = std::strrchr(path, '/');
  const char* name = slash ? slash + 1 : path;
  for (const char* run_time : kRunTimes)
    if (std::strncmp(name, run_time, std::strlen(run_time)) == 0) return true;
  return false;
}

int add_run_time(dl_phdr_info* info, std::size_t, void* paths) {
  if (info->dlpi_name && is_run_time(info->dlpi_name))
    static_cast<std::vector<std::string>*>(paths)->emplace_back(info->dlpi_name);
  return 0;
}

void flush_units(const std::string& run_time) {
  void* const library = dlopen(run_time.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (!library) return;
  using Flush = void (*)(const std::int32_t* unit);  // all if null
  if (auto* const flush = reinterpret_cast<Flush>(dlsym(library, "_gfortran_flush_i4")))
    flush(nullptr);
  dlclose(library);
}

// What is still in the buffers of Fortran's units, standard output among them, would be written
// twice or never; and where such a unit stands only its run-time library knows.
void end_output() {
  for (const auto& file : files::descriptors::of_libraries()) {
    Dl_info code{};
    if (dladdr(file.caller, &code) == 0 || !code.dli_fname || !is_run_time(code.dli_fname))
      continue;
    const std::string link = "/proc/self/fd/" + std::to_string(file.number);
    refuse("a file that Fortran code has opened: " +
           utf8(call_method(import("posix"), "readlink", text(link)).get()));
  }
  std::vector<std::string> run_times;
  dl_iterate_phdr(add_run_time, &run_times);
  for (const std::string& path : run_times) flush_units(path);
}

// [(module, [(object, name, copy of the array)] of what is allocated, changed memory | None)]
Ref save_fortran() {
  end_output();
  const Ref saved = new_list();
  for (const Ref& module : fortran_modules()) {
    const Ref arrays = new_list();
    std::vector<std::uintptr_t> places;
    for (const FortranVariable& variable : fortran_variables(module.get())) {
      if (!variable.is_allocatable) continue;
      places.push_back(static_cast<std::uintptr_t>(address_of(variable.array.get())));
      append(arrays, pack(variable.owner, text(variable.name),
                          array_method(variable.array.get(), "copy", text("K"))));
    }
    const Ref memory = fortran_memory(module.get(), places);
    if (memory.is(Py_None) && PyList_GET_SIZE(arrays.get()) == 0) continue;
    append(saved, pack(module, arrays, memory));
  }
  return PyList_GET_SIZE(saved.get()) ? saved : none();
}

void restore_fortran(PyObject* saved) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) {
    PyObject* entry = PyList_GET_ITEM(saved, i);
    PyObject* arrays = item(entry, 1);
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(arrays); ++k) {
      PyObject *variable = PyList_GET_ITEM(arrays, k), *content = item(variable, 2);
      const Ref array =
          allocated_array(item(variable, 0), item(variable, 1), attr(content, "shape").get());
      call_method(import("numpy"), "copyto", array, content);
    }
    // The bounds of what has just been allocated among it.
    if (item(entry, 2) != Py_None) set_fortran_memory(item(entry, 0), item(entry, 2));
  }
}

}  // namespace

void register_fortran_part() {
  register_process_part({"fortran", save_fortran, restore_fortran, 70});
}

}  // namespace chkpt::process
