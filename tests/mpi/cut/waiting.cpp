// SPDX-License-Identifier: BSD-3-Clause
// Programs in which all ranks but one wait most of the time: a cut must not wait with them.
#include <numeric>
#include <vector>

#include "rig.hpp"

namespace chkpt::cut_test {
namespace {

constexpr double kHop_us = 100000;

// A token goes round, 100 ms per hop; the others receive it, probe for it or exchange it.
void slowring(Rig& rig) {
  const int next = (rig.rank + 1) % rig.size, previous = (rig.rank + rig.size - 1) % rig.size;
  const auto pass_on = [&](long value) { MPI_Send(&value, 1, MPI_LONG, next, 0, MPI_COMM_WORLD); };
  long token = 0;
  long hops = rig.rank == 0 ? rig.size - 1 : rig.rank - 1;  // that the token will have made
  if (rig.rank == 0) pass_on(0);
  for (int lap = 0;; ++lap) {
    safe_point();
    if (lap % 2 == 1) MPI_Probe(previous, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    safe_point();
    MPI_Recv(&token, 1, MPI_LONG, previous, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (token < 0 && rig.rank == 0) break;
    if (token >= 0) {
      require(token == hops, "slowring: order");
      hops += rig.size;
      work(kHop_us);
    }
    if (rig.rank == 0 && rig.is_over()) token = -10;
    pass_on(token < 0 ? token : token + 1);
    if (token < 0 && rig.rank != 0) break;
  }
}

// One rank computes for long, the others are inside collective calls on two overlapping
// communicators, with MPI_IN_PLACE and with a root that could leave early.
void straggler(Rig& rig) {
  MPI_Comm all, half;
  MPI_Comm_dup(MPI_COMM_WORLD, &all);
  MPI_Comm_split(MPI_COMM_WORLD, rig.rank / 2, rig.rank, &half);
  int half_size = 1;
  MPI_Comm_size(half, &half_size);
  for (int step = 0;; ++step) {
    safe_point();
    if (rig.rank == step % rig.size) work(kHop_us);
    std::vector<long> sum{rig.rank, step, 1};
    MPI_Allreduce(MPI_IN_PLACE, sum.data(), 3, MPI_LONG, MPI_SUM, half);
    require(sum[1] == static_cast<long>(step) * half_size && sum[2] == half_size,
            "straggler: reduced");
    safe_point();
    long said = rig.rank == step % rig.size ? step : -1;
    MPI_Bcast(&said, 1, MPI_LONG, step % rig.size, all);
    require(said == step, "straggler: broadcast");
    safe_point();
    if (step % 3 == 0) MPI_Barrier(all);
    safe_point();
    if (rig.time_is_up(all)) break;
  }
  MPI_Comm_free(&half);
  MPI_Comm_free(&all);
}

// Now everybody waits for one rank, now nobody does: the form of the calls changes to and fro.
void moods(Rig& rig) {
  for (int step = 0;; ++step) {
    const bool slow = step / 2000 % 2 == 0 && step % 20 == 0;
    if (slow && rig.rank == step / 20 % rig.size) work(5000);
    long total = 1;
    MPI_Allreduce(MPI_IN_PLACE, &total, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    require(total == rig.size, "moods: reduced");
    safe_point();
    if (step % 7 == 0) {
      MPI_Request request;
      MPI_Ibarrier(MPI_COMM_WORLD, &request);
      MPI_Barrier(MPI_COMM_WORLD);
      safe_point();
      // It does not know MPI_Ibarrier.
      // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker)
      MPI_Wait(&request, MPI_STATUS_IGNORE);
    } else {
      MPI_Barrier(MPI_COMM_WORLD);
    }
    safe_point();
    if (step % 50 == 49 && rig.time_is_up()) break;
  }
}

// A synchronous send is not over while its receiver has not asked for the message, whatever the
// sender does meanwhile; and then it is.
void send_synchronously(Rig& rig, int partner, long step) {
  long out = step, more = -step, ask = step;
  MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
  MPI_Issend(&out, 1, MPI_LONG, partner, 1, MPI_COMM_WORLD, &requests[0]);
  if (step % 4 < 2) MPI_Isend(&more, 1, MPI_LONG, partner, 1, MPI_COMM_WORLD, &requests[1]);
  int over = 0;
  for (int i = 0; i < 20; ++i) {
    MPI_Test(&requests[0], &over, MPI_STATUS_IGNORE);
    require(over == 0, "rendezvous: a send is over that nobody has received");
    safe_point();
  }
  if (rig.uniform() < 0.2) work(rig.uniform() * 1000);
  MPI_Send(&ask, 1, MPI_LONG, partner, 2, MPI_COMM_WORLD);
  while (step % 3 == 0 && over == 0) {
    MPI_Test(&requests[0], &over, MPI_STATUS_IGNORE);
    safe_point();
  }
  // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): it does not know the loops above
  MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
}

void receive_when_asked(Rig& rig, int partner, long step) {
  long in = -1, ask = -1;
  if (rig.uniform() < 0.5) work(rig.uniform() * 1000);
  MPI_Recv(&ask, 1, MPI_LONG, partner, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  safe_point();
  if (rig.uniform() < 0.3) work(rig.uniform() * 1000);
  MPI_Recv(&in, 1, MPI_LONG, partner, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  require(ask == step && in == step, "rendezvous: content");
  if (step % 4 >= 2) return;
  safe_point();
  MPI_Recv(&in, 1, MPI_LONG, partner, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  require(in == -step, "rendezvous: content of the later one");
}

void rendezvous(Rig& rig) {
  const int partner = rig.rank ^ 1;
  for (long step = 0;; ++step) {
    ((rig.rank + step) % 2 == 0 ? send_synchronously : receive_when_asked)(rig, partner, step);
    safe_point();
    if (step % 3 == 2) MPI_Barrier(MPI_COMM_WORLD);
    if (step % 12 == 11 && rig.time_is_up()) break;
  }
}

// A rank that others wait for looks in passing for what nobody ever sends, not even itself: that
// is no wait, and no rank has to run on for it.
void passing(Rig& rig) {
  for (long step = 0;; ++step) {
    if (rig.rank == 0) {
      work_without_safe_points(3000);
      for (const int source : {0, 1}) {
        int found = 0;
        MPI_Iprobe(source, 98, MPI_COMM_WORLD, &found, MPI_STATUS_IGNORE);
        require(found == 0, "passing: a message from nowhere");
      }
    }
    MPI_Barrier(MPI_COMM_WORLD);
    safe_point();
    if (step % 20 == 19 && rig.time_is_up()) break;
  }
}

const Registration kPrograms[] = {{"rendezvous", rendezvous},
                                  {"passing", passing},
                                  {"slowring", slowring},
                                  {"straggler", straggler},
                                  {"moods", moods}};

}  // namespace
}  // namespace chkpt::cut_test
