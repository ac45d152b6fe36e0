// SPDX-License-Identifier: BSD-3-Clause
// Programs that send and receive. Each is a pattern that is hard for a cut in its own way.
#include <algorithm>
#include <numeric>
#include <vector>

#include "rig.hpp"

namespace chkpt::cut_test {
namespace {

using Buffer = std::vector<long>;

// Random neighbours in every step, by Sendrecv, by Isend/Recv/Wait, and as a pickled message goes.
void ring(Rig& rig) {
  std::mt19937 shared(7);
  for (int step = 0;; ++step) {
    std::vector<int> next(static_cast<std::size_t>(rig.size));
    std::iota(next.begin(), next.end(), 0);
    std::shuffle(next.begin(), next.end(), shared);
    const int dest = next[static_cast<std::size_t>(rig.rank)];
    const int source =
        static_cast<int>(std::find(next.begin(), next.end(), rig.rank) - next.begin());
    const int count = std::vector<int>{1, 10, 1000, 20000}[shared() % 4];
    const Buffer out(static_cast<std::size_t>(count), rig.rank * 1000003L + step);
    Buffer in(static_cast<std::size_t>(count), -1);
    if (rig.uniform() < 0.3) work(rig.uniform() * 300);
    safe_point();
    const int tag = step % 7;
    if (step % 3 == 0) {
      MPI_Sendrecv(out.data(), count, MPI_LONG, dest, tag, in.data(), count, MPI_LONG, source, tag,
                   MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
      MPI_Request request;
      MPI_Isend(out.data(), count, MPI_LONG, dest, tag, MPI_COMM_WORLD, &request);
      safe_point();
      if (step % 3 == 1) {
        MPI_Recv(in.data(), count, MPI_LONG, source, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      } else {
        MPI_Message message;
        MPI_Status status;
        int got = 0;
        MPI_Mprobe(source, tag, MPI_COMM_WORLD, &message, &status);
        MPI_Get_count(&status, MPI_LONG, &got);
        require(got == count, "ring: count of a probed message");
        MPI_Mrecv(in.data(), got, MPI_LONG, &message, &status);
      }
      safe_point();
      MPI_Wait(&request, MPI_STATUS_IGNORE);
    }
    safe_point();
    require(in.front() == source * 1000003L + step && in.back() == in.front(), "ring: content");
    if (step % 50 == 49 && rig.time_is_up()) break;
  }
}

// A 2-D halo exchange on a Cartesian grid with a derived type, completed in four different ways.
void halo(Rig& rig) {
  constexpr int kSide = 64;
  int dims[2] = {0, 0};
  const int periodic[2] = {1, 1};
  MPI_Dims_create(rig.size, 2, dims);
  MPI_Comm grid;
  MPI_Cart_create(MPI_COMM_WORLD, 2, dims, periodic, 0, &grid);
  MPI_Datatype column;
  MPI_Type_vector(kSide, 1, kSide, MPI_DOUBLE, &column);
  MPI_Type_commit(&column);
  int from[2], to[2];
  for (int d = 0; d < 2; ++d) MPI_Cart_shift(grid, d, 1, &from[d], &to[d]);
  std::vector<double> field(std::size_t{kSide} * kSide, rig.rank);
  for (int step = 0;; ++step) {
    std::vector<double> edges[2] = {std::vector<double>(kSide), std::vector<double>(kSide)};
    MPI_Request requests[4];
    for (int d = 0; d < 2; ++d) {
      MPI_Irecv(edges[d].data(), kSide, MPI_DOUBLE, from[d], d, grid, &requests[d]);
      safe_point();
    }
    if (rig.uniform() < 0.5) work(rig.uniform() * 200);
    MPI_Isend(field.data(), kSide, MPI_DOUBLE, to[0], 0, grid, &requests[2]);
    safe_point();
    MPI_Isend(field.data(), 1, column, to[1], 1, grid, &requests[3]);
    safe_point();
    if (step % 4 == 0) {
      MPI_Waitall(4, requests, MPI_STATUSES_IGNORE);
    } else if (step % 4 == 1) {
      for (MPI_Request& request : requests) {
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        safe_point();
      }
    } else if (step % 4 == 2) {
      for (int left = 4, index = 0; left > 0; --left) {
        MPI_Waitany(4, requests, &index, MPI_STATUS_IGNORE);
        safe_point();
      }
    } else {
      for (int done = 0; done == 0;) {
        MPI_Testall(4, requests, &done, MPI_STATUSES_IGNORE);
        safe_point();
      }
    }
    for (int d = 0; d < 2; ++d) {
      require(edges[d][0] == from[d] + step && edges[d][kSide - 1] == edges[d][0], "halo: content");
    }
    for (double& cell : field) cell += 1;
    safe_point();
    if (step % 20 == 19 && rig.time_is_up(grid)) break;
  }
  MPI_Type_free(&column);
  MPI_Comm_free(&grid);
}

// ANY_SOURCE and ANY_TAG on the master; workers that compute for a random time.
void master(Rig& rig) {
  long expected = 0, total = 0;
  for (int alive = rig.size - 1; alive > 0; safe_point()) {
    MPI_Status status;
    long job[2] = {0, 0};
    if (rig.uniform() < 0.5) MPI_Probe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
    safe_point();
    MPI_Recv(job, 2, MPI_LONG, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
    if (status.MPI_TAG == 5) {
      require(job[1] == job[0] * job[0], "masterworker: result");
      total += job[1];
    }
    safe_point();
    const long x = static_cast<long>(rig.uniform() * 1000);
    const bool stop = rig.is_over();
    if (stop) --alive;
    if (!stop) expected += x * x;
    MPI_Send(&x, 1, MPI_LONG, status.MPI_SOURCE, stop ? 9 : 8, MPI_COMM_WORLD);
  }
  require(total == expected, "masterworker: total");
}

void worker(Rig& rig) {
  long job[2] = {0, 0};
  MPI_Send(job, 2, MPI_LONG, 0, 4, MPI_COMM_WORLD);
  for (;;) {
    MPI_Status status;
    safe_point();
    MPI_Recv(job, 1, MPI_LONG, 0, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
    if (status.MPI_TAG == 9) return;
    work(rig.uniform() * 400);
    job[1] = job[0] * job[0];
    MPI_Send(job, 2, MPI_LONG, 0, 5, MPI_COMM_WORLD);
  }
}

void masterworker(Rig& rig) { rig.rank == 0 ? master(rig) : worker(rig); }

// At every moment all ranks but one sit in a receive.
void tokenring(Rig& rig) {
  const int next = (rig.rank + 1) % rig.size, previous = (rig.rank + rig.size - 1) % rig.size;
  long token = 0;
  if (rig.rank == 0) MPI_Send(&token, 1, MPI_LONG, next, 0, MPI_COMM_WORLD);
  for (long lap = 0;; ++lap) {
    safe_point();
    MPI_Recv(&token, 1, MPI_LONG, previous, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (token < 0 && rig.rank == 0) break;
    work(300);
    if (token >= 0) require(token == lap * rig.size + previous, "tokenring: order");
    if (rig.rank == 0 && rig.is_over()) token = -10;
    const long passed = token < 0 ? token : token + 1;
    MPI_Send(&passed, 1, MPI_LONG, next, 0, MPI_COMM_WORLD);
    if (token < 0 && rig.rank != 0) break;
  }
}

// Skewed Sendrecv: at every moment at least one rank is inside one. Released ranks only, this can
// go on without a common stop; it must then be given up, not hang.
void zigzag(Rig& rig) {
  const int partner = rig.rank ^ 1;
  if (partner >= rig.size) return;
  double in = 0;
  if (rig.rank % 2 == 1)
    MPI_Recv(&in, 1, MPI_DOUBLE, partner, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  for (int step = 0;; ++step) {
    const bool stop = rig.rank % 2 == 0 && rig.is_over();
    double out = stop ? -1 : step;
    safe_point();
    if (rig.rank % 2 == 0 && stop) {
      MPI_Send(&out, 1, MPI_DOUBLE, partner, 0, MPI_COMM_WORLD);
      MPI_Recv(&in, 1, MPI_DOUBLE, partner, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      return;
    }
    if (rig.rank % 2 == 1 && in == -1) {
      MPI_Send(&out, 1, MPI_DOUBLE, partner, 0, MPI_COMM_WORLD);
      return;
    }
    MPI_Sendrecv(&out, 1, MPI_DOUBLE, partner, 0, &in, 1, MPI_DOUBLE, partner, 0, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    if (rig.rank % 2 == 0) require(in == step, "zigzag: content");
  }
}

// A chain with large messages: senders come out only because receivers drain.
void pipeline(Rig& rig) {
  Buffer buffer(40000);
  for (int step = 0;; ++step) {
    safe_point();
    if (rig.rank == 0) {
      std::fill(buffer.begin(), buffer.end(), rig.is_over() ? -1 : step);
    } else {
      MPI_Recv(buffer.data(), static_cast<int>(buffer.size()), MPI_LONG, rig.rank - 1, 1,
               MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    const bool stop = buffer[0] == -1;
    if (!stop) require(buffer[1] == step && buffer.back() == step, "pipeline: content");
    if (rig.uniform() < 0.3) work(rig.uniform() * 200);
    if (rig.rank + 1 < rig.size) {
      (step % 2 == 0 ? MPI_Send : MPI_Ssend)(buffer.data(), static_cast<int>(buffer.size()),
                                             MPI_LONG, rig.rank + 1, 1, MPI_COMM_WORLD);
    }
    if (stop) return;
  }
}

// A receive from anybody that stays posted for the whole run, beside ordinary traffic.
void preposted(Rig& rig) {
  long news = 0, value = 0;
  MPI_Request posted;
  MPI_Irecv(&news, 1, MPI_LONG, MPI_ANY_SOURCE, 77, MPI_COMM_WORLD, &posted);
  for (int step = 0;; ++step) {
    value = step;
    safe_point();
    MPI_Sendrecv_replace(&value, 1, MPI_LONG, (rig.rank + 1) % rig.size, 1,
                         (rig.rank + rig.size - 1) % rig.size, 1, MPI_COMM_WORLD,
                         MPI_STATUS_IGNORE);
    require(value == step, "preposted: content");
    if (rig.uniform() < 0.05) {
      const int dest = static_cast<int>(rig.uniform() * rig.size);
      MPI_Send(&value, 1, MPI_LONG, dest, 77, MPI_COMM_WORLD);
    }
    int done = 0;
    safe_point();
    MPI_Test(&posted, &done, MPI_STATUS_IGNORE);
    if (done != 0) {
      // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): it does not know MPI_Test
      MPI_Irecv(&news, 1, MPI_LONG, MPI_ANY_SOURCE, 77, MPI_COMM_WORLD, &posted);
    }
    if (step % 20 == 19 && rig.time_is_up()) break;
  }
  MPI_Barrier(MPI_COMM_WORLD);
  MPI_Cancel(&posted);
  MPI_Wait(&posted, MPI_STATUS_IGNORE);
}

// Messages of one channel must be received in the order of sending, whatever was drained; wildcards
// see the earliest one.
void order(Rig& rig) {
  constexpr int kBurst = 20;
  const int to = (rig.rank + 1) % rig.size, from = (rig.rank + rig.size - 1) % rig.size;
  for (long round = 0;; ++round) {
    long values[kBurst];
    MPI_Request requests[kBurst];
    for (int i = 0; i < kBurst; ++i) {
      values[i] = round * kBurst + i;
      MPI_Isend(&values[i], 1, MPI_LONG, to, i % 2, MPI_COMM_WORLD, &requests[i]);
      safe_point();
    }
    work(rig.uniform() * 300);
    long next_of_tag[2] = {round * kBurst, round * kBurst + 1};
    for (int i = 0; i < kBurst; ++i) {
      long value = -1;
      MPI_Status status;
      safe_point();
      // Alternately any tag, and what is left of one tag.
      const int tag =
          i < kBurst / 2 ? MPI_ANY_TAG : (next_of_tag[1] < (round + 1) * kBurst ? 1 : 0);
      MPI_Recv(&value, 1, MPI_LONG, from, tag, MPI_COMM_WORLD, &status);
      require(value == next_of_tag[status.MPI_TAG], "order: overtaken");
      next_of_tag[status.MPI_TAG] += 2;
    }
    MPI_Waitall(kBurst, requests, MPI_STATUSES_IGNORE);
    if (round % 10 == 9 && rig.time_is_up()) break;
  }
}

const Registration kPrograms[] = {
    {"ring", ring},           {"halo", halo},     {"masterworker", masterworker},
    {"tokenring", tokenring}, {"zigzag", zigzag}, {"pipeline", pipeline},
    {"preposted", preposted}, {"order", order},
};

}  // namespace
}  // namespace chkpt::cut_test
