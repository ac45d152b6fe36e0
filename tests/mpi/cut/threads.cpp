// SPDX-License-Identifier: BSD-3-Clause
// Programs whose MPI calls are made by other threads than the main one.
#include <thread>

#include "rig.hpp"

namespace chkpt::cut_test {
namespace {

void exchange(const Rig& rig, MPI_Comm comm, long value) {
  const int to = (rig.rank + 1) % rig.size, from = (rig.rank + rig.size - 1) % rig.size;
  MPI_Request sent[2];
  MPI_Isend(&value, 1, MPI_LONG, to, 3, comm, &sent[0]);
  MPI_Issend(&value, 1, MPI_LONG, to, 4, comm, &sent[1]);
  long first = -1, second = -1, sum = 0;
  MPI_Message message;
  MPI_Mprobe(MPI_ANY_SOURCE, 3, comm, &message, MPI_STATUS_IGNORE);
  MPI_Mrecv(&first, 1, MPI_LONG, &message, MPI_STATUS_IGNORE);
  MPI_Recv(&second, 1, MPI_LONG, from, 4, comm, MPI_STATUS_IGNORE);
  require(first == value && second == value, "threads: content");
  MPI_Waitall(2, sent, MPI_STATUSES_IGNORE);
  MPI_Allreduce(&value, &sum, 1, MPI_LONG, MPI_SUM, comm);
  require(sum == value * rig.size, "threads: sum");
  MPI_Request barrier;
  MPI_Ibarrier(comm, &barrier);
  for (int over = 0; over == 0;) MPI_Test(&barrier, &over, MPI_STATUS_IGNORE);
}

// They work on a communicator of the main thread, and on one that they make and free themselves;
// both live through cuts while nobody uses them.
void threads(Rig& rig) {
  constexpr long kLife = 6;  // steps
  MPI_Comm given = MPI_COMM_NULL, made = MPI_COMM_NULL;
  MPI_Comm_dup(MPI_COMM_WORLD, &given);
  for (long step = 0;; ++step) {
    std::thread worker([&] {
      if (step % kLife == 0) MPI_Comm_dup(MPI_COMM_WORLD, &made);
      exchange(rig, given, step);
      exchange(rig, made, step);
      if (step % kLife == kLife - 1) MPI_Comm_free(&made);
    });
    // As in Python, where a thread that works is known: between its calls nobody else could tell.
    worker.join();
    work(rig.uniform() * 10000);
    if (step % kLife == kLife - 1 && rig.time_is_up()) break;
  }
  MPI_Comm_free(&given);
}

template <class F>
void in_thread(F call) {
  std::thread(call).join();
}

bool cut_within(Rig& rig, double seconds) {
  const int before = committed_so_far();
  const double until = rig.elapsed() + seconds;
  while (rig.elapsed() < until) work(1000);
  return committed_so_far() > before;
}

// A thread has sent what none has received yet: the ranks do not stand for long in vain.
void unreceived(Rig& rig) {
  constexpr double kMoreThanPatience = 1.5;
  const int to = (rig.rank + 1) % rig.size, from = (rig.rank + rig.size - 1) % rig.size;
  MPI_Comm comm = MPI_COMM_NULL;
  in_thread([&] { MPI_Comm_dup(MPI_COMM_WORLD, &comm); });
  require(cut_within(rig, 0.5), "unreceived: no cut at first");
  MPI_Barrier(MPI_COMM_WORLD);
  in_thread([&] { MPI_Send(&rig.rank, 1, MPI_INT, to, 3, comm); });
  MPI_Barrier(MPI_COMM_WORLD);
  work(100000);  // what was asked for before may still be committed
  require(!cut_within(rig, kMoreThanPatience), "unreceived: a cut without the message");
  if (rig.rank == 0) {
    require(last_skip().find("another thread") != std::string::npos, "unreceived: " + last_skip());
  }
  int found = -1;
  in_thread([&] { MPI_Recv(&found, 1, MPI_INT, from, 3, comm, MPI_STATUS_IGNORE); });
  require(found == from, "unreceived: content");
  MPI_Barrier(MPI_COMM_WORLD);
  require(cut_within(rig, 0.5), "unreceived: no cut afterwards");
  MPI_Barrier(MPI_COMM_WORLD);
  MPI_Sendrecv(&rig.rank, 1, MPI_INT, to, 3, &found, 1, MPI_INT, from, 3, comm, MPI_STATUS_IGNORE);
  MPI_Barrier(MPI_COMM_WORLD);
  work(100000);
  require(!cut_within(rig, 0.2), "unreceived: a cut with two threads on a communicator");
  MPI_Barrier(MPI_COMM_WORLD);
  in_thread([&] { MPI_Comm_free(&comm); });
  require(cut_within(rig, 0.5), "unreceived: no cut without the communicator");
}

const Registration a("threads", threads), b("unreceived", unreceived);

}  // namespace
}  // namespace chkpt::cut_test
