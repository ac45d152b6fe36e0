// SPDX-License-Identifier: BSD-3-Clause
// Numbers made of names, the same in every process: what address_hash makes hashes of. They depend
// on no seed.
#pragma once

#include <Python.h>

#include <cstdint>

namespace chkpt::frames {

// Of a class, a function or a module as it is called now, of a function also where it begins.
std::uint64_t bits_of_name(PyObject* object);
// Of C code: the library that it is in, and where there. 0 if no library is known.
std::uint64_t bits_of_code(const void* code);

// Names that are nearly the same have numbers that are not.
inline std::uint64_t mixed(std::uint64_t bits) {
  bits = (bits ^ (bits >> 32)) * 0x9E3779B97F4A7C15ULL;
  bits = (bits ^ (bits >> 29)) * 0xBF58476D1CE4E5B9ULL;
  return bits ^ (bits >> 32);
}

}  // namespace chkpt::frames
