// SPDX-License-Identifier: BSD-3-Clause
// Memory that the script has got by MPI_Alloc_mem: where it is and how large. A number names a
// block in checkpoints, so that all objects that look at it find the same one again. Main thread
// only.
#pragma once

#include <cstddef>
#include <cstdint>

#include <mpi.h>

namespace chkpt::mpi::allocations {

struct Block {
  char* base = nullptr;
  std::size_t size = 0;
  std::uint64_t number = 0;
};

void add(void* base, MPI_Aint size);
void remove(const void* base);
// The block that these bytes lie in, or null.
const Block* around(const void* address, std::size_t size);
// The block with this number, made now unless it is there; from malloc() in a process that does not
// use MPI (it only looks at a state). Throws MpiError, or FormatError if it has another size.
const Block& made_again(std::uint64_t number, std::size_t size);

}  // namespace chkpt::mpi::allocations
