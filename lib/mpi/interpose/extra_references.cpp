// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/extra_references.hpp"

#include <map>
#include <mutex>
#include <utility>

#include "mpi/interpose/wrapper.hpp"

namespace chkpt::mpi::extra_references {
namespace {

std::mutex g_mutex;
std::map<std::pair<Counted, std::uint64_t>, std::uint64_t> g_counts;

}  // namespace

void add(Counted kind, std::uint64_t handle) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  ++g_counts[{kind, handle}];
}

bool take(Counted kind, std::uint64_t handle) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  const auto found = g_counts.find({kind, handle});
  if (found == g_counts.end()) return false;
  if (--found->second == 0) g_counts.erase(found);
  return true;
}

}  // namespace chkpt::mpi::extra_references

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions

CHKPT_WRAPPER int MPI_Errhandler_free(MPI_Errhandler* handler) {
  using extra_references::Counted;
  if (extra_references::free_one<MPI_Errhandler>(Counted::kErrhandler, handler,
                                                 MPI_ERRHANDLER_NULL))
    return MPI_SUCCESS;
  return PMPI_Errhandler_free(handler);
}
