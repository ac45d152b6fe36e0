// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/allocations.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/error.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi::allocations {
namespace {

using Blocks = std::map<std::uint64_t, Block>;
Blocks& blocks() {
  static auto* table = new Blocks;
  return *table;
}

const Block& enter(std::uint64_t number, void* base, std::size_t size) {
  return blocks()[number] = {static_cast<char*>(base), size, number};
}

void* memory(std::size_t size) {
  void* base = nullptr;
  if (!session::active()) {
    base = std::malloc(size);
    if (base == nullptr) throw MpiError("no memory for what MPI_Alloc_mem had given");
    return base;
  }
  check(PMPI_Alloc_mem(static_cast<MPI_Aint>(size), MPI_INFO_NULL, static_cast<void*>(&base)),
        "MPI_Alloc_mem");
  return base;
}

}  // namespace

void add(void* base, MPI_Aint size) {
  const std::uint64_t number = blocks().empty() ? 1 : blocks().rbegin()->first + 1;
  enter(number, base, static_cast<std::size_t>(size));
}

void remove(const void* base) {
  const auto found = std::find_if(blocks().begin(), blocks().end(),
                                  [base](const auto& entry) { return entry.second.base == base; });
  if (found != blocks().end()) blocks().erase(found);
}

const Block* around(const void* address, std::size_t size) {
  const auto* const first = static_cast<const char*>(address);
  for (const auto& entry : blocks()) {
    const Block& block = entry.second;
    if (first >= block.base && first + size <= block.base + block.size) return &block;
  }
  return nullptr;
}

const Block& made_again(std::uint64_t number, std::size_t size) {
  const auto known = blocks().find(number);
  if (known == blocks().end()) return enter(number, memory(size), size);
  if (known->second.size != size) throw FormatError("memory of MPI_Alloc_mem with two sizes");
  return known->second;
}

}  // namespace chkpt::mpi::allocations
