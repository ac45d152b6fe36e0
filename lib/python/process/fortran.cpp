// SPDX-License-Identifier: BSD-3-Clause
// What Fortran code under Python modules keeps between calls: COMMON blocks and saved variables, as
// the solvers vode and lsoda have them, and module variables, allocatable ones too.
#include <Python.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <dlfcn.h>

#include "base/loaded_images.hpp"
#include "base/text.hpp"
#include "files/descriptors.hpp"
#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/heap/fortran_data.hpp"
#include "python/heap/image_memory.hpp"
#include "python/heap/numpy_arrays.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

constexpr const char* kRunTimes[] = {"libgfortran", "libflang", "libifcore"};

bool is_run_time(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  for (const char* run_time : kRunTimes)
    if (begins_with(name, run_time)) return true;
  return false;
}

// Those of this name in gfortran's run-time libraries; a package may bring one of its own.
template <class Function>
std::vector<Function> run_time_functions(const char* name) {
  std::vector<Function> found;
  for (void* function : functions_named(name, is_run_time))
    found.push_back(reinterpret_cast<Function>(function));
  return found;
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
  using Flush = void (*)(const std::int32_t* unit);  // all if null
  for (const Flush flush : run_time_functions<Flush>("_gfortran_flush_i4")) flush(nullptr);
}

// ---- random_number()

// A one-dimensional array of integer(4) as gfortran passes it, since its version 8 (GFC_ARRAY in
// libgfortran.h).
struct IntegerArray {
  std::int32_t* data;
  std::size_t offset = 0, element_size = sizeof(std::int32_t);
  std::int32_t version = 0;
  signed char rank = 1, type = 1;  // an integer
  std::int16_t attribute = 0;
  std::ptrdiff_t span = sizeof(std::int32_t), stride = 1, first = 1, last;

  explicit IntegerArray(std::vector<std::int32_t>& values)
      : data(values.data()), last(static_cast<std::ptrdiff_t>(values.size())) {}
};

// random_seed(size, put, get), of which each may be null.
using RandomSeed = void (*)(std::int32_t*, IntegerArray*, IntegerArray*);
std::vector<RandomSeed> random_seeds() {
  return run_time_functions<RandomSeed>("_gfortran_random_seed_i4");
}

// [state of the generator of each run-time library]
Ref save_fortran_random() {
  const Ref saved = new_list();
  for (const RandomSeed random_seed : random_seeds()) {
    std::int32_t size = 0;
    random_seed(&size, nullptr, nullptr);
    std::vector<std::int32_t> values(static_cast<std::size_t>(size));
    IntegerArray array(values);
    random_seed(nullptr, nullptr, &array);
    append(saved, own(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(values.data()),
                                                static_cast<Py_ssize_t>(values.size()) *
                                                    static_cast<Py_ssize_t>(sizeof values[0]))));
  }
  return PyList_GET_SIZE(saved.get()) ? saved : none();
}

void restore_fortran_random(PyObject* saved) {
  const std::vector<RandomSeed> all = random_seeds();
  if (static_cast<std::size_t>(PyList_GET_SIZE(saved)) != all.size())
    broken("Fortran's run-time libraries are others than before");
  for (std::size_t i = 0; i < all.size(); ++i) {
    PyObject* state = PyList_GET_ITEM(saved, static_cast<Py_ssize_t>(i));
    std::int32_t size = 0;
    all[i](&size, nullptr, nullptr);
    std::vector<std::int32_t> values(static_cast<std::size_t>(size));
    if (static_cast<std::size_t>(PyBytes_Size(state)) != values.size() * sizeof values[0])
      broken("Fortran's random numbers are made in another way than before");
    std::memcpy(values.data(), PyBytes_AsString(state), values.size() * sizeof values[0]);
    IntegerArray array(values);
    all[i](nullptr, &array, nullptr);
  }
}

// ---- memory

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
    const Ref memory = image_changes(library_of(module.get()), places);
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
    if (item(entry, 2) != Py_None) set_image_changes(library_of(item(entry, 0)), item(entry, 2));
  }
}

}  // namespace

void register_fortran_part() {
  register_process_part({"fortran", save_fortran, restore_fortran, 70});
  register_process_part({"fortran random", save_fortran_random, restore_fortran_random, 1002});
}

}  // namespace chkpt::process
