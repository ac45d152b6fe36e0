// SPDX-License-Identifier: BSD-3-Clause
// The words in the memory of an object that C code has laid out: what its class is made of is not
// known, so each of them may be an address. They are looked at, never written, and followed one
// step only: to a block of malloc's, as pybind11's instances lead to their object of C++.
#pragma once

#include <Python.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "base/mapped_memory.hpp"

namespace chkpt::heap {

struct WordPlace {
  Py_ssize_t offset = 0;  // in the object
  Py_ssize_t inner = -1;  // in the block that the word at `offset` leads to; -1: that word itself

  bool operator<(const WordPlace& other) const {
    return offset != other.offset ? offset < other.offset : inner < other.inner;
  }
};

// The class that has the layout: the first one that is not made by Python code.
PyTypeObject* compiled_base(PyTypeObject* type);

// Whether instances may have addresses of memory that is not their own. Those of Python's own
// modules and of numpy have not, or are saved with it. Needs the GIL.
bool may_point_elsewhere(PyTypeObject* type);

// Calls `seen` for each word that is not zero. One of the object's own is followed if `seen` says
// so; not to the numbers that a typed view of Cython's in it shows. `mapped`: as the memory is now.
void each_word(PyObject* object, const MappedMemory& mapped,
               const std::function<bool(WordPlace, std::uintptr_t)>& seen);

// The word at that place; null if the block is not there, or not as large.
std::optional<std::uintptr_t> word_at(PyObject* object, const MappedMemory& mapped,
                                      WordPlace place);

}  // namespace chkpt::heap
