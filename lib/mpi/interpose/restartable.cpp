// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/restartable.hpp"

namespace chkpt::mpi {
namespace {

enum class How {
  kPlain,        // the method's only call, or the first one of its kind in it
  kPickled,      // the same, after pickling
  kPickledSize,  // the same, while the call says how long the pickle is
  kAfterSend,    // receives after one nonblocking send of a pickle
};

struct Waiting {
  std::string_view method;
  std::string_view mpi_call;
  How how = How::kPlain;
};

// mpi4py 3.1 and 4.0. Upper-case methods and waits make one call; recv() matches before it
// receives; the pickled collectives exchange sizes before data; Reduce_scatter() without counts
// gathers them first, so its own call may be the second one. reduce(), allreduce(), scan() and
// exscan() are missing: they number their messages before the first call.
constexpr Waiting kRestartable[] = {
    {"Ssend", "MPI_Ssend"},
    {"ssend", "MPI_Ssend", How::kPickled},
    {"Recv", "MPI_Recv"},
    {"recv", "MPI_Mprobe"},
    {"recv", "MPI_Probe"},
    {"Sendrecv", "MPI_Sendrecv"},
    {"Sendrecv_replace", "MPI_Sendrecv_replace"},
    {"sendrecv", "MPI_Mprobe", How::kAfterSend},
    {"sendrecv", "MPI_Probe", How::kAfterSend},
    {"Probe", "MPI_Probe"},
    {"probe", "MPI_Probe"},
    {"Mprobe", "MPI_Mprobe"},
    {"mprobe", "MPI_Mprobe"},
    {"Wait", "MPI_Wait"},
    {"wait", "MPI_Wait"},
    {"Waitall", "MPI_Waitall"},
    {"waitall", "MPI_Waitall"},
    {"Waitany", "MPI_Waitany"},
    {"waitany", "MPI_Waitany"},
    {"Waitsome", "MPI_Waitsome"},
    {"waitsome", "MPI_Waitsome"},
    {"Barrier", "MPI_Barrier"},
    {"barrier", "MPI_Barrier"},
    {"Fence", "MPI_Win_fence"},
    {"Bcast", "MPI_Bcast"},
    {"bcast", "MPI_Bcast", How::kPickledSize},
    {"Gather", "MPI_Gather"},
    {"Gatherv", "MPI_Gatherv"},
    {"gather", "MPI_Gather", How::kPickled},
    {"Scatter", "MPI_Scatter"},
    {"Scatterv", "MPI_Scatterv"},
    {"scatter", "MPI_Scatter", How::kPickled},
    {"Allgather", "MPI_Allgather"},
    {"Allgatherv", "MPI_Allgatherv"},
    {"allgather", "MPI_Allgather", How::kPickled},
    {"Alltoall", "MPI_Alltoall"},
    {"Alltoallv", "MPI_Alltoallv"},
    {"Alltoallw", "MPI_Alltoallw"},
    {"alltoall", "MPI_Alltoall", How::kPickled},
    {"Reduce", "MPI_Reduce"},
    {"Allreduce", "MPI_Allreduce"},
    {"Reduce_scatter", "MPI_Allgather"},
    {"Reduce_scatter_block", "MPI_Reduce_scatter_block"},
    {"Scan", "MPI_Scan"},
    {"Exscan", "MPI_Exscan"},
    {"Neighbor_allgather", "MPI_Neighbor_allgather"},
    {"Neighbor_allgatherv", "MPI_Neighbor_allgatherv"},
    {"neighbor_allgather", "MPI_Neighbor_allgather", How::kPickled},
    {"Neighbor_alltoall", "MPI_Neighbor_alltoall"},
    {"Neighbor_alltoallv", "MPI_Neighbor_alltoallv"},
    {"Neighbor_alltoallw", "MPI_Neighbor_alltoallw"},
    {"neighbor_alltoall", "MPI_Neighbor_alltoall", How::kPickled},
};

}  // namespace

Restart restart_of(std::string_view method, std::string_view mpi_call, bool one_number) {
  for (const Waiting& entry : kRestartable) {
    if (entry.method != method || entry.mpi_call != mpi_call) continue;
    if (entry.how == How::kPickledSize && !one_number) return {};
    return {true, entry.how == How::kAfterSend, entry.how != How::kPlain};
  }
  return {};
}

}  // namespace chkpt::mpi
