// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/restartable.hpp"

namespace chkpt::mpi {
namespace {

struct Pair {
  std::string_view method;
  std::string_view mpi_call;
};

// mpi4py 3.1 and 4.0: the first call with an effect that each method makes. Waits make one call
// only; upper-case methods map to their function; recv() matches before it receives.
constexpr Pair kRestartable[] = {
    {"Recv", "MPI_Recv"},       {"recv", "MPI_Mprobe"},       {"recv", "MPI_Probe"},
    {"Probe", "MPI_Probe"},     {"probe", "MPI_Probe"},       {"Mprobe", "MPI_Mprobe"},
    {"mprobe", "MPI_Mprobe"},   {"Wait", "MPI_Wait"},         {"wait", "MPI_Wait"},
    {"Waitall", "MPI_Waitall"}, {"waitall", "MPI_Waitall"},   {"Waitany", "MPI_Waitany"},
    {"waitany", "MPI_Waitany"}, {"Waitsome", "MPI_Waitsome"}, {"waitsome", "MPI_Waitsome"},
};

}  // namespace

bool restartable_method(std::string_view method, std::string_view mpi_call) {
  for (const Pair& pair : kRestartable) {
    if (pair.method == method && pair.mpi_call == mpi_call) return true;
  }
  return false;
}

}  // namespace chkpt::mpi
