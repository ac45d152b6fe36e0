// SPDX-License-Identifier: BSD-3-Clause
// A number that changes with the contents of a value made of plain data: None, numbers, strings,
// bytes, and tuples, lists, dicts and sets of them, which may also hold functions, classes and
// modules. For comparisons within one process. Needs the GIL; runs no code of the script.
#pragma once

#include <Python.h>

#include <cstdint>

namespace chkpt::heap {

struct Fingerprint {
  std::uint64_t value = 0;
  // Nothing else is in it, and not too much: it can be saved. If not, the number stands for the
  // object's address, type and length only.
  bool plain = true;
};

Fingerprint fingerprint_of(PyObject* value);

}  // namespace chkpt::heap
