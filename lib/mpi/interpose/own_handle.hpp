// SPDX-License-Identifier: BSD-3-Clause
// Handles that chkpt gives out itself, for messages and windows that the MPI library does not know.
// Only the wrappers ever look at them; no handle of the library's equals one.
#pragma once

#include <type_traits>

namespace chkpt::mpi {

// Where handles are pointers (OpenMPI): the address of the object that stands for it. Where they
// are integers (MPICH): small numbers, whose two highest bits are those of an invalid handle. They
// come round again only after a number of handles that nobody holds at once.
template <class Handle>
Handle own_handle([[maybe_unused]] void* object) {
  if constexpr (std::is_pointer_v<Handle>) {
    return static_cast<Handle>(object);
  } else {
    constexpr Handle kLargest = 1 << 25;
    static Handle last = 0;
    last = last % kLargest + 1;
    return last;
  }
}

}  // namespace chkpt::mpi
