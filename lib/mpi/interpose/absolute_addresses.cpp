// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/absolute_addresses.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <set>

namespace chkpt::mpi::absolute_addresses {
namespace {

// Offsets from a given address stay close to it; few arrays make many blocks of this size.
constexpr int kBlockBits = 21;
// More than an offset within any buffer or file.
constexpr MPI_Aint kTooLarge = MPI_Aint{1} << 40;

std::set<MPI_Aint>& blocks() {
  static auto* set = new std::set<MPI_Aint>;
  return *set;
}

bool is_mapped(MPI_Aint address) {
  const MPI_Aint page = ::sysconf(_SC_PAGESIZE);
  unsigned char resident = 0;
  void* start = nullptr;
  const MPI_Aint first = address / page * page;
  static_assert(sizeof start == sizeof first);
  __builtin_memcpy(&start, &first, sizeof start);
  return ::mincore(start, 1, &resident) == 0;
}

}  // namespace

void given(MPI_Aint address) { blocks().insert(address >> kBlockBits); }

bool is_near_given(MPI_Aint number) {
  const MPI_Aint block = number >> kBlockBits;
  const auto near = blocks().lower_bound(block - 1);
  return near != blocks().end() && *near <= block + 1;
}

bool is_one(MPI_Aint displacement) {
  if (is_near_given(displacement)) return true;
  return displacement >= kTooLarge && is_mapped(displacement);
}

}  // namespace chkpt::mpi::absolute_addresses
