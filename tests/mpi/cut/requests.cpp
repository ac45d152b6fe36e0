// SPDX-License-Identifier: BSD-3-Clause
// Programs with requests and messages that live across safe points, and so across cuts.
#include <algorithm>
#include <vector>

#include "rig.hpp"

namespace chkpt::cut_test {
namespace {

struct Neighbours {
  int to, from;
};
Neighbours neighbours(const Rig& rig) {
  return {(rig.rank + 1) % rig.size, (rig.rank + rig.size - 1) % rig.size};
}

// The receive is posted long before its message is sent: cuts fall between the two.
void late(Rig& rig) {
  const auto [to, from] = neighbours(rig);
  for (long step = 0;; ++step) {
    long in[3] = {-1, -1, -1}, out[3] = {step, step + 1, step + 2};
    MPI_Request receives[3], sends[3];
    for (int i = 0; i < 3; ++i) {
      MPI_Irecv(&in[i], 1, MPI_LONG, i == 1 ? MPI_ANY_SOURCE : from, i, MPI_COMM_WORLD,
                &receives[i]);
    }
    work(rig.uniform() * 3000);
    for (int i = 0; i < 3; ++i) {
      MPI_Isend(&out[i], 1, MPI_LONG, to, i, MPI_COMM_WORLD, &sends[i]);
      safe_point();
    }
    if (rig.uniform() < 0.3) work(rig.uniform() * 1000);
    MPI_Waitall(3, receives, MPI_STATUSES_IGNORE);
    safe_point();
    MPI_Waitall(3, sends, MPI_STATUSES_IGNORE);
    for (int i = 0; i < 3; ++i) require(in[i] == step + i, "late: content");
    if (step % 10 == 9 && rig.time_is_up()) break;
  }
}

// Matched by a probe, received much later; behind it more messages of the same kind arrive.
void matched(Rig& rig) {
  const auto [to, from] = neighbours(rig);
  for (long step = 0;; ++step) {
    for (long i = 0; i < 3; ++i) {
      const long value = step * 3 + i;
      MPI_Send(&value, 1, MPI_LONG, to, 4, MPI_COMM_WORLD);
      safe_point();
    }
    MPI_Message held;
    MPI_Status status;
    MPI_Mprobe(MPI_ANY_SOURCE, 4, MPI_COMM_WORLD, &held, &status);
    require(status.MPI_SOURCE == from, "matched: source");
    long second = -1, first = -1, third = -1;
    work(rig.uniform() * 500);
    MPI_Recv(&second, 1, MPI_LONG, from, 4, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    safe_point();
    int found = 0;
    MPI_Message other = MPI_MESSAGE_NULL;
    while (found == 0) {
      MPI_Improbe(from, MPI_ANY_TAG, MPI_COMM_WORLD, &found, &other, &status);
      safe_point();
    }
    if (step % 2 == 0) {
      MPI_Mrecv(&first, 1, MPI_LONG, &held, MPI_STATUS_IGNORE);
    } else {
      MPI_Request request;
      MPI_Imrecv(&first, 1, MPI_LONG, &held, &request);
      safe_point();
      // It does not know MPI_Imrecv.
      // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker)
      MPI_Wait(&request, MPI_STATUS_IGNORE);
    }
    safe_point();
    MPI_Mrecv(&third, 1, MPI_LONG, &other, MPI_STATUS_IGNORE);
    require(first == step * 3 && second == first + 1 && third == first + 2, "matched: order");
    safe_point();
    if (step % 20 == 19 && rig.time_is_up()) break;
  }
}

// `while not request.Test()` and `while not comm.Iprobe()`: waits that do not look like waits.
void polling(Rig& rig) {
  const auto [to, from] = neighbours(rig);
  long value = 0;
  for (long step = 0;; ++step) {
    MPI_Request request;
    int done = 0;
    if (rig.rank == step % rig.size) work(rig.uniform() * 1000);
    if (step % 3 == 0) {
      MPI_Irecv(&value, 1, MPI_LONG, from, 1, MPI_COMM_WORLD, &request);
      MPI_Send(&step, 1, MPI_LONG, to, 1, MPI_COMM_WORLD);
      while (done == 0) {
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
        safe_point();
      }
    } else if (step % 3 == 1) {
      MPI_Isend(&step, 1, MPI_LONG, to, 1, MPI_COMM_WORLD, &request);
      for (int there = 0; there == 0; safe_point()) {
        MPI_Iprobe(from, MPI_ANY_TAG, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
      }
      MPI_Recv(&value, 1, MPI_LONG, from, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      MPI_Wait(&request, MPI_STATUS_IGNORE);
    } else {
      MPI_Ibcast(&value, 1, MPI_LONG, static_cast<int>(step % rig.size), MPI_COMM_WORLD, &request);
      while (done == 0) {
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
        safe_point();
      }
    }
    // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): it does not know MPI_Test
    require(value == step, "polling: content");
    value = step + 1;
    if (step % 30 == 29 && rig.time_is_up()) break;
  }
}

// Persistent requests, started again and again; now and then one is left inactive for a while.
void persistent(Rig& rig) {
  const auto [to, from] = neighbours(rig);
  long out[2] = {0, 0}, in[2] = {-1, -1};
  MPI_Request requests[4];
  for (int i = 0; i < 2; ++i) {
    MPI_Recv_init(&in[i], 1, MPI_LONG, from, i, MPI_COMM_WORLD, &requests[i]);
    (i == 0 ? MPI_Send_init : MPI_Ssend_init)(&out[i], 1, MPI_LONG, to, i, MPI_COMM_WORLD,
                                              &requests[2 + i]);
  }
  for (long step = 0;; ++step) {
    out[0] = out[1] = step;
    if (step % 2 == 0) {
      MPI_Startall(4, requests);
    } else {
      for (MPI_Request& request : requests) {
        MPI_Start(&request);
        safe_point();
      }
    }
    if (rig.uniform() < 0.3) work(rig.uniform() * 1000);
    int index = 0;
    MPI_Waitany(2, requests, &index, MPI_STATUS_IGNORE);
    safe_point();
    // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): it does not know MPI_Start
    MPI_Waitall(4, requests, MPI_STATUSES_IGNORE);
    require(in[0] == step && in[1] == step, "persistent: content");
    safe_point();
    if (step % 20 == 19 && rig.time_is_up()) break;
  }
  for (MPI_Request& request : requests) MPI_Request_free(&request);
}

// Everybody to one, which takes what comes: the messages of one sender must not overtake each
// other, whatever was drained and whichever kind of receive finds them.
void collector(Rig& rig) {
  constexpr int kBurst = 5;
  for (int step = 0;; ++step) {
    const int sink = step % rig.size;
    if (rig.rank != sink) {
      for (long i = 0; i < kBurst; ++i) {
        MPI_Send(&i, 1, MPI_LONG, sink, static_cast<int>(i) % 3, MPI_COMM_WORLD);
        safe_point();
      }
      if (rig.uniform() < 0.2) work(rig.uniform() * 500);
    } else {
      work(rig.uniform() * 500);
      std::vector<long> next(static_cast<std::size_t>(rig.size), 0);
      for (int left = kBurst * (rig.size - 1); left > 0; --left) {
        long value = -1;
        MPI_Status status;
        if (left % 3 == 0) {
          MPI_Probe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
          safe_point();
          MPI_Recv(&value, 1, MPI_LONG, status.MPI_SOURCE, status.MPI_TAG, MPI_COMM_WORLD, &status);
        } else if (left % 3 == 1) {
          MPI_Request request;
          MPI_Irecv(&value, 1, MPI_LONG, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &request);
          safe_point();
          MPI_Wait(&request, &status);
        } else {
          MPI_Recv(&value, 1, MPI_LONG, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
        }
        require(value == next[static_cast<std::size_t>(status.MPI_SOURCE)]++, "collector: order");
        safe_point();
      }
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (step % 5 == 4 && rig.time_is_up()) break;
  }
}

// Many receives from anybody at once, completed some at a time and in no order.
void waitsome(Rig& rig) {
  for (long step = 0;; ++step) {
    const auto n = static_cast<std::size_t>(rig.size);
    std::vector<long> in(n, -1), out(n);
    std::vector<MPI_Request> requests(2 * n);
    for (std::size_t i = 0; i < n; ++i) {
      const int tag = static_cast<int>(i);
      MPI_Irecv(&in[i], 1, MPI_LONG, tag, tag, MPI_COMM_WORLD, &requests[i]);
    }
    safe_point();
    if (rig.uniform() < 0.5) work(rig.uniform() * 1000);
    for (std::size_t i = 0; i < n; ++i) {
      out[i] = step;
      MPI_Issend(&out[i], 1, MPI_LONG, static_cast<int>(i), rig.rank, MPI_COMM_WORLD,
                 &requests[n + i]);
      safe_point();
    }
    const int all = static_cast<int>(requests.size());
    std::vector<int> indices(requests.size());
    for (int left = all, count = 0; left > 0; left -= count) {
      (step % 2 == 0 ? MPI_Waitsome : MPI_Testsome)(all, requests.data(), &count, indices.data(),
                                                    MPI_STATUSES_IGNORE);
      safe_point();
    }
    for (const long value : in) require(value == step, "waitsome: content");
    if (step % 10 == 9 && rig.time_is_up()) break;
  }
}

// A synchronous send to itself, asked for while the rank has to run on too: not over before it is
// received.
void send_to_itself(Rig& rig) {
  long out = 7, in = 0;
  MPI_Request request;
  MPI_Issend(&out, 1, MPI_LONG, rig.rank, 4, MPI_COMM_WORLD, &request);
  for (int i = 0, over = 0; i < 20; ++i) {
    MPI_Test(&request, &over, MPI_STATUS_IGNORE);
    require(over == 0, "corners: a synchronous send is over that nobody has received");
    safe_point();
  }
  MPI_Recv(&in, 1, MPI_LONG, rig.rank, 4, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  MPI_Wait(&request, MPI_STATUS_IGNORE);
  require(in == 7, "corners: content");
}

// What is easily forgotten: nothing, nobody, oneself, a receive that is taken back.
void corners(Rig& rig) {
  const auto [to, from] = neighbours(rig);
  for (long step = 0;; ++step) {
    long in = -1;
    MPI_Status status;
    MPI_Sendrecv(nullptr, 0, MPI_LONG, to, 1, nullptr, 0, MPI_LONG, from, 1, MPI_COMM_WORLD,
                 &status);
    safe_point();
    MPI_Recv(&in, 1, MPI_LONG, MPI_PROC_NULL, 1, MPI_COMM_WORLD, &status);
    require(status.MPI_SOURCE == MPI_PROC_NULL && in == -1, "corners: nobody");
    MPI_Request request, withdrawn;
    MPI_Irecv(&in, 1, MPI_LONG, MPI_ANY_SOURCE, 99, MPI_COMM_WORLD, &withdrawn);
    long itself = step;
    MPI_Isend(&itself, 1, MPI_LONG, rig.rank, 2, MPI_COMM_WORLD, &request);
    safe_point();
    if (rig.uniform() < 0.3) work(rig.uniform() * 1000);
    long found = -1;
    MPI_Recv(&found, 1, MPI_LONG, rig.rank, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    require(found == step, "corners: itself");
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    safe_point();
    MPI_Cancel(&withdrawn);
    MPI_Wait(&withdrawn, &status);
    int cancelled = 0;
    MPI_Test_cancelled(&status, &cancelled);
    require(cancelled != 0, "corners: not cancelled");
    long partner = step;
    MPI_Sendrecv_replace(&partner, 1, MPI_LONG, to, 3, from, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
    require(partner == step && status.MPI_TAG == 3, "corners: replaced");
    send_to_itself(rig);
    safe_point();
    if (step % 20 == 19 && rig.time_is_up()) break;
  }
}

const Registration kPrograms[] = {
    {"late", late},           {"matched", matched},
    {"polling", polling},     {"persistent", persistent},
    {"collector", collector}, {"waitsome", waitsome},
    {"corners", corners},
};

}  // namespace
}  // namespace chkpt::cut_test
