// SPDX-License-Identifier: BSD-3-Clause
// What random_number() of gfortran goes on from.
#include <Python.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/fortran_run_time.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

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
  return fortran_functions<RandomSeed>("_gfortran_random_seed_i4");
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

}  // namespace

void register_fortran_random_part() {
  register_process_part({"fortran random", save_fortran_random, restore_fortran_random, 1002});
}

}  // namespace chkpt::process
