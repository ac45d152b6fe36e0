// SPDX-License-Identifier: BSD-3-Clause
// Blocks of the C library's malloc(), recognised by the words around them (struct malloc_chunk in
// glibc's malloc.c), and reading at numbers that may be no addresses.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/mapped_memory.hpp"

namespace chkpt {

// False if not all of the bytes are there, also if they have been unmapped since `mapped` was made:
// the kernel copies them. Where it may not (in some containers) they are read as they were mapped.
bool read_memory(std::uintptr_t from, void* to, std::size_t size, const MappedMemory& mapped);

// How many bytes malloc() has given at this address; 0 if it has not. `mapped`: what is writable.
std::size_t malloc_block_size(std::uintptr_t address, const MappedMemory& mapped);

}  // namespace chkpt
