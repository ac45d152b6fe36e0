// SPDX-License-Identifier: BSD-3-Clause
// State that a C library keeps behind a Python object and gives no way to take out, but copies: two
// copies of it show where in it pointers are. Words that are the same in both are data, or point
// into a library; words that differ point into the copy itself. Anything else is refused, and so is
// in cleared memory a word in both copies that points outside of them.
#pragma once

#include "python/ref.hpp"

#include <cstddef>
#include <vector>

namespace chkpt::heap {

// One piece of memory as it is in the first and in the second copy.
struct CopiedBlock {
  const void* first;
  const void* second;
  std::size_t size;
  bool has_pointers;     // false: raw data, in which a word that differs is refused
  bool cleared = false;  // by its library before use: what looks like a pointer in it is one
};

// [(bytes, ((offset, block, offset in it) or (offset, build id of a library, offset in it), ...))].
// Needs the GIL. Throws CannotSave.
Ref packed_memory(const std::vector<CopiedBlock>& blocks);

std::vector<std::size_t> packed_sizes(PyObject* packed);
// Fills `blocks`, of the sizes above, which then point to each other. Throws Raised if a library is
// another one now.
void unpack_memory(PyObject* packed, const std::vector<void*>& blocks);

}  // namespace chkpt::heap
