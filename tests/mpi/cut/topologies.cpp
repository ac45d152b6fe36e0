// SPDX-License-Identifier: BSD-3-Clause
// Programs on intercommunicators and topologies, with nonblocking collective calls in flight, and
// with ranks that are deaf for a while.
#include <algorithm>
#include <array>
#include <vector>

#include "rig.hpp"

namespace chkpt::cut_test {
namespace {

// Two halves of the job that talk through an intercommunicator.
void intercomm(Rig& rig) {
  const bool low = rig.rank < rig.size / 2;
  const int half = rig.size / 2;
  MPI_Comm local, inter;
  MPI_Comm_split(MPI_COMM_WORLD, low ? 0 : 1, rig.rank, &local);
  MPI_Intercomm_create(local, 0, MPI_COMM_WORLD, low ? half : 0, 5, &inter);
  int own = 0, others = 0;
  MPI_Comm_rank(inter, &own);
  MPI_Comm_remote_size(inter, &others);
  for (long step = 0;; ++step) {
    MPI_Request request;
    long in = -1, said = step;
    const bool sends = own < others, receives = own < others;
    if (sends) MPI_Isend(&step, 1, MPI_LONG, own, 1, inter, &request);
    if (rig.uniform() < 0.3) work(rig.uniform() * 500);
    safe_point();
    if (receives) {
      MPI_Recv(&in, 1, MPI_LONG, own, 1, inter, MPI_STATUS_IGNORE);
      require(in == step, "intercomm: content");
    }
    safe_point();
    if (sends) MPI_Wait(&request, MPI_STATUS_IGNORE);
    const int root = low ? (own == 0 ? MPI_ROOT : MPI_PROC_NULL) : 0;
    if (!low) said = -1;
    MPI_Bcast(&said, 1, MPI_LONG, root, inter);
    require(said == step, "intercomm: broadcast");
    safe_point();
    long sum = 0;
    MPI_Allreduce(&step, &sum, 1, MPI_LONG, MPI_SUM, inter);
    require(sum == step * others, "intercomm: reduced");
    safe_point();
    if (step % 10 == 0) {
      MPI_Comm merged;
      MPI_Intercomm_merge(inter, low ? 0 : 1, &merged);
      safe_point();
      MPI_Barrier(merged);
      MPI_Comm_free(&merged);
      safe_point();
    }
    if (step % 10 == 9 && rig.time_is_up()) break;
  }
  MPI_Comm_free(&inter);
  MPI_Comm_free(&local);
}

// Neighbourhood collective calls on a grid and on a graph, blocking and not.
void neighbours(Rig& rig) {
  int dims[2] = {0, 0};
  const int periodic[2] = {1, 1};
  MPI_Dims_create(rig.size, 2, dims);
  MPI_Comm grid, ring;
  MPI_Cart_create(MPI_COMM_WORLD, 2, dims, periodic, 0, &grid);
  const int to = (rig.rank + 1) % rig.size, from = (rig.rank + rig.size - 1) % rig.size;
  MPI_Dist_graph_create_adjacent(MPI_COMM_WORLD, 1, &from, MPI_UNWEIGHTED, 1, &to, MPI_UNWEIGHTED,
                                 MPI_INFO_NULL, 0, &ring);
  int expected[4];
  for (int d = 0; d < 2; ++d) {
    int* const pair = expected + std::ptrdiff_t{2} * d;
    MPI_Cart_shift(grid, d, 1, pair, pair + 1);
  }
  for (long step = 0;; ++step) {
    const long own = rig.rank + step * 100;
    std::array<long, 4> around{-1, -1, -1, -1};
    if (rig.uniform() < 0.3) work(rig.uniform() * 500);
    MPI_Neighbor_allgather(&own, 1, MPI_LONG, around.data(), 1, MPI_LONG, grid);
    for (std::size_t i = 0; i < 4; ++i) {
      require(around[i] == expected[i] + step * 100, "neighbours: grid");
    }
    safe_point();
    long in = -1, later = -1;
    MPI_Request request;
    MPI_Ineighbor_alltoall(&own, 1, MPI_LONG, &later, 1, MPI_LONG, ring, &request);
    safe_point();
    MPI_Neighbor_alltoall(&own, 1, MPI_LONG, &in, 1, MPI_LONG, ring);
    safe_point();
    // It does not know MPI_Ineighbor_alltoall.
    // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker)
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    require(in == from + step * 100 && later == in, "neighbours: ring");
    safe_point();
    if (step % 10 == 9 && rig.time_is_up()) break;
  }
  MPI_Comm_free(&grid);
  MPI_Comm_free(&ring);
}

// Nonblocking collective calls on several communicators, ended in another order than begun, with
// blocking calls between.
void in_flight(Rig& rig) {
  constexpr std::size_t kComms = 3;
  std::array<MPI_Comm, kComms> comms{};
  for (MPI_Comm& comm : comms) MPI_Comm_dup(MPI_COMM_WORLD, &comm);
  for (long step = 0;; ++step) {
    std::array<MPI_Request, 2 * kComms> requests{};
    std::array<long, kComms> sums{}, said{};
    for (std::size_t i = 0; i < kComms; ++i) {
      const int root = static_cast<int>((i + static_cast<std::size_t>(step)) %
                                        static_cast<std::size_t>(rig.size));
      MPI_Iallreduce(&step, &sums[i], 1, MPI_LONG, MPI_SUM, comms[i], &requests[2 * i]);
      safe_point();
      said[i] = rig.rank == root ? step : -1;
      MPI_Ibcast(&said[i], 1, MPI_LONG, root, comms[i], &requests[2 * i + 1]);
      if (rig.uniform() < 0.2) work(rig.uniform() * 500);
    }
    safe_point();
    MPI_Barrier(comms[1]);
    int index = 0;
    MPI_Waitany(2 * kComms, requests.data(), &index, MPI_STATUS_IGNORE);
    safe_point();
    // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): it does not know MPI_Ibcast
    MPI_Waitall(2 * kComms, requests.data(), MPI_STATUSES_IGNORE);
    for (std::size_t i = 0; i < kComms; ++i) {
      require(sums[i] == step * rig.size && said[i] == step, "in_flight: content");
    }
    safe_point();
    if (step % 10 == 9 && rig.time_is_up()) break;
  }
  for (MPI_Comm& comm : comms) MPI_Comm_free(&comm);
}

// One rank computes in C, without a boundary, while others wait for it in every way there is.
void deaf(Rig& rig) {
  const int to = (rig.rank + 1) % rig.size, from = (rig.rank + rig.size - 1) % rig.size;
  for (long step = 0;; ++step) {
    safe_point();
    if (rig.rank == step % rig.size) work_without_safe_points(10000);
    long in = -1;
    MPI_Request request;
    MPI_Isend(&step, 1, MPI_LONG, to, 1, MPI_COMM_WORLD, &request);
    safe_point();
    if (step % 3 == 0) MPI_Probe(from, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    safe_point();
    MPI_Recv(&in, 1, MPI_LONG, step % 2 == 0 ? from : MPI_ANY_SOURCE, 1, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
    require(in == step, "deaf: content");
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    safe_point();
    if (step % 2 == 1) MPI_Barrier(MPI_COMM_WORLD);
    if (rig.time_is_up()) break;
  }
}

const Registration kPrograms[] = {
    {"intercomm", intercomm}, {"neighbours", neighbours}, {"in_flight", in_flight}, {"deaf", deaf}};

}  // namespace
}  // namespace chkpt::cut_test
