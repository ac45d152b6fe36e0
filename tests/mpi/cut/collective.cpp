// SPDX-License-Identifier: BSD-3-Clause
// Programs of collective calls and of communicators that come and go.
#include <algorithm>
#include <string>
#include <vector>

#include <unistd.h>

#include "rig.hpp"

namespace chkpt::cut_test {
namespace {

void sum_up(long* in, long* inout, int* count, MPI_Datatype*) {
  for (int i = 0; i < *count; ++i) inout[i] += in[i];
}

void one_collective(Rig& rig, MPI_Comm comm, int kind) {
  int rank = 0, size = 0;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  long mine = rank, all = 0;
  if (kind == 0) {
    MPI_Allreduce(&mine, &all, 1, MPI_LONG, MPI_SUM, comm);
  } else if (kind == 1) {
    MPI_Barrier(comm);
    return;
  } else if (kind == 2) {
    all = rank == 0 ? size * (size - 1L) / 2 : -1;
    MPI_Bcast(&all, 1, MPI_LONG, 0, comm);
  } else {
    MPI_Request request;
    MPI_Iallreduce(&mine, &all, 1, MPI_LONG, MPI_SUM, comm, &request);
    work(rig.uniform() * 40);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
  }
  require(all == size * (size - 1L) / 2, "collective: result");
}

// Overlapping communicators, collectives on all of them, some made and freed in the loop.
void subcomm(Rig& rig) {
  std::vector<MPI_Comm> comms(4);
  MPI_Comm_split(MPI_COMM_WORLD, rig.rank / 2, rig.rank, &comms[0]);
  MPI_Comm_split(MPI_COMM_WORLD, rig.rank % 2, rig.rank, &comms[1]);
  MPI_Comm_dup(MPI_COMM_WORLD, &comms[2]);
  int dims[2] = {0, 0};
  const int periodic[2] = {0, 0}, keep[2] = {1, 0};
  MPI_Dims_create(rig.size, 2, dims);
  MPI_Comm grid;
  MPI_Cart_create(MPI_COMM_WORLD, 2, dims, periodic, 0, &grid);
  MPI_Cart_sub(grid, keep, &comms[3]);
  for (int step = 0;; ++step) {
    for (std::size_t i = 0; i < comms.size(); ++i) {
      if (rig.uniform() < 0.2) work(rig.uniform() * 200);
      safe_point();
      one_collective(rig, comms[i], (step + static_cast<int>(i)) % 4);
    }
    if (step % 5 == 0) {
      MPI_Comm copy, part;
      MPI_Comm_dup(comms[0], &copy);
      safe_point();
      one_collective(rig, copy, 0);
      safe_point();
      MPI_Comm_free(&copy);
      safe_point();
      MPI_Comm_split(MPI_COMM_WORLD, (rig.rank + step) % 3, -rig.rank, &part);
      safe_point();
      one_collective(rig, part, 0);
      if (rig.uniform() < 0.5) work(rig.uniform() * 500);
      MPI_Comm_free(&part);
      safe_point();
    }
    if (step % 10 == 9 && rig.time_is_up()) break;
  }
  for (MPI_Comm& comm : comms) MPI_Comm_free(&comm);
  MPI_Comm_free(&grid);
}

// Groups that make a communicator among themselves; some members come late.
void creategroup(Rig& rig) {
  MPI_Group world;
  MPI_Comm_group(MPI_COMM_WORLD, &world);
  std::mt19937 shared(3);
  for (int step = 0;; ++step) {
    const int left_out = static_cast<int>(shared() % static_cast<unsigned>(rig.size));
    MPI_Group group;
    MPI_Group_excl(world, 1, &left_out, &group);
    safe_point();
    if (rig.rank != left_out && rig.size > 1) {
      work(rig.uniform() * 1500);
      MPI_Comm comm;
      MPI_Comm_create_group(MPI_COMM_WORLD, group, step % 100, &comm);
      safe_point();
      one_collective(rig, comm, 0);
      safe_point();
      MPI_Comm_free(&comm);
    }
    MPI_Group_free(&group);
    if (step % 5 == 4 && rig.time_is_up()) break;
  }
  MPI_Group_free(&world);
}

// One rank asleep in C, one computing, the others waiting in a barrier; ranks inside a collective
// while another waits for anybody's message must not stop each other.
void unbalanced(Rig& rig) {
  for (int step = 0;; ++step) {
    if (rig.rank == step % rig.size) {
      ::usleep(20000);
    } else if (rig.rank == (step + 1) % rig.size) {
      work(5000);
    }
    safe_point();
    long token = step;
    if (rig.rank == 0 && rig.size > 2) {
      MPI_Recv(&token, 1, MPI_LONG, MPI_ANY_SOURCE, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      require(token == step, "unbalanced: content");
    } else if (rig.rank == rig.size - 1 && rig.size > 2) {
      work(1000);
      MPI_Send(&token, 1, MPI_LONG, 0, 3, MPI_COMM_WORLD);
    }
    safe_point();
    MPI_Barrier(MPI_COMM_WORLD);
    if (rig.time_is_up()) break;
  }
}

// As mpi4py's pickled collectives: several calls without a safe point between; the root leaves
// early.
void multistage(Rig& rig) {
  for (int step = 0;; ++step) {
    const int root = step % rig.size;
    int length = rig.rank == root ? step % 3000 : -1;
    MPI_Bcast(&length, 1, MPI_INT, root, MPI_COMM_WORLD);
    std::string text(static_cast<std::size_t>(length), rig.rank == root ? 'q' : ' ');
    MPI_Bcast(text.data(), length, MPI_CHAR, root, MPI_COMM_WORLD);
    require(text == std::string(static_cast<std::size_t>(step % 3000), 'q'), "multistage: content");
    safe_point();
    if (rig.uniform() < 0.3) work(rig.uniform() * 300);
    std::vector<int> all(static_cast<std::size_t>(rig.size));
    MPI_Gather(&rig.rank, 1, MPI_INT, all.data(), 1, MPI_INT, root, MPI_COMM_WORLD);
    MPI_Allgather(&step, 1, MPI_INT, all.data(), 1, MPI_INT, MPI_COMM_WORLD);
    require(all.front() == step && all.back() == step, "multistage: gathered");
    safe_point();
    if (step % 20 == 19 && rig.time_is_up()) break;
  }
}

// Ranks end their script at very different times and still join cuts.
void early_end(Rig& rig) {
  MPI_Barrier(MPI_COMM_WORLD);
  const double end = rig.seconds * (rig.rank + 1) / rig.size;
  while (rig.elapsed() < end) work(1000);
}

bool cut_within(Rig& rig, double seconds, int* counter_before) {
  const double until = rig.elapsed() + seconds;
  while (rig.elapsed() < until) work(1000);
  const int now = committed_so_far();
  const bool any = now > *counter_before;
  *counter_before = now;
  return any;
}

// A cut that was asked for before an object was made may still be committed.
int settle() {
  MPI_Barrier(MPI_COMM_WORLD);
  work(100000);
  MPI_Barrier(MPI_COMM_WORLD);
  return committed_so_far();
}

void deferring_window(Rig& rig) {
  MPI_Win window;
  long memory = 0;
  MPI_Win_create(&memory, sizeof memory, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &window);
  int seen = settle();
  require(cut_within(rig, 0.5, &seen), "deferring: no cut with a quiet window");
  MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, window);
  seen = settle();
  constexpr double kMoreThanPatience = 1.5;
  require(!cut_within(rig, kMoreThanPatience, &seen), "deferring: a cut in an epoch");
  if (rig.rank == 0) {
    require(last_skip().find("MPI_Win_lock") != std::string::npos,
            "deferring: text " + last_skip());
  }
  MPI_Win_unlock(0, window);
  seen = settle();
  require(cut_within(rig, 0.5, &seen), "deferring: no cut after the epoch");
  MPI_Win_lock_all(0, window);
  seen = settle();
  require(cut_within(rig, kMoreThanPatience, &seen), "deferring: no cut in a lock of all targets");
  MPI_Win_unlock_all(window);
  MPI_Win_free(&window);
  seen = settle();
  require(cut_within(rig, 0.5, &seen), "deferring: no cut after the window");
}

void deferring_attribute(Rig& rig) {
  int keyval = 0;
  MPI_Comm_create_keyval(MPI_COMM_DUP_FN, MPI_COMM_NULL_DELETE_FN, &keyval, nullptr);
  int seen = settle();
  require(cut_within(rig, 0.5, &seen), "deferring: no cut with a key");
  int found = 1;
  void* value = nullptr;
  MPI_Comm_get_attr(MPI_COMM_WORLD, keyval, &value, &found);
  require(found == 0, "deferring: an attribute that nobody has set");
  MPI_Comm_set_attr(MPI_COMM_WORLD, keyval, &keyval);
  MPI_Comm_get_attr(MPI_COMM_WORLD, keyval, &value, &found);
  require(found != 0 && value == &keyval, "deferring: the attribute is another one");
  // Nobody could ask for the attribute any more.
  int used = keyval;
  MPI_Comm_free_keyval(&used);
  require(used == MPI_KEYVAL_INVALID, "deferring: the key is still there");
  seen = settle();
  require(!cut_within(rig, 0.3, &seen), "deferring: a cut with an attribute without a key");
}

// An operation of the script's own can be saved.
void user_operation(Rig& rig) {
  MPI_Op op;
  MPI_Op_create(reinterpret_cast<MPI_User_function*>(sum_up), 1, &op);
  long one = 1, total = 0;
  MPI_Allreduce(&one, &total, 1, MPI_LONG, op, MPI_COMM_WORLD);
  require(total == rig.size, "deferring: user operation");
  int seen = settle();
  require(cut_within(rig, 0.5, &seen), "deferring: no cut with an operation");
  MPI_Op_free(&op);
}

// Persistent requests can be saved too. One of these finds its message drained.
void persistent_requests(Rig& rig) {
  const int to = (rig.rank + 1) % rig.size, from = (rig.rank + rig.size - 1) % rig.size;
  long out = 0, in = -1;
  MPI_Request pair[2];
  MPI_Send_init(&out, 1, MPI_LONG, to, 6, MPI_COMM_WORLD, &pair[0]);
  MPI_Recv_init(&in, 1, MPI_LONG, from, 6, MPI_COMM_WORLD, &pair[1]);
  for (out = 0; out < 200; ++out) {
    MPI_Start(&pair[0]);
    work(rig.uniform() * 2000);
    MPI_Start(&pair[1]);
    // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): it does not know MPI_Start
    MPI_Waitall(2, pair, MPI_STATUSES_IGNORE);
    require(in == out, "deferring: persistent content");
    require(pair[0] != MPI_REQUEST_NULL && pair[1] != MPI_REQUEST_NULL, "deferring: handle lost");
    safe_point();
  }
  int seen = settle();
  require(cut_within(rig, 0.5, &seen), "deferring: no cut with persistent requests");
  MPI_Request_free(&pair[0]);
  MPI_Request_free(&pair[1]);
}

// Things that defer: no wrong cut, a message with the call's name, and snapshots again afterwards.
void deferring(Rig& rig) {
  int seen = settle();
  require(cut_within(rig, 0.5, &seen), "deferring: no cut at first");
  deferring_window(rig);
  user_operation(rig);
  persistent_requests(rig);
  deferring_attribute(rig);  // to the end of the run
}

// snapshot() on every rank: the k-th calls are one cut, taken where all have made them.
void api(Rig& rig) {
  MPI_Barrier(MPI_COMM_WORLD);
  for (int k = 1; k <= 20; ++k) {
    work(rig.uniform() * 20000);
    const int before = cuts_so_far();
    const bool asked = api_snapshot("step");
    require(asked, "api: not asked");
    require(cuts_so_far() == before + 1, "api: returned without a cut");
    require(cuts_so_far() == k, "api: number of cuts");
  }
  MPI_Barrier(MPI_COMM_WORLD);
  // One rank alone: after a second the others are cut where they are; their own call then is
  // served.
  if (rig.rank == 0) {
    require(api_snapshot("alone"), "api: alone not asked");
    require(cuts_so_far() == 21, "api: alone without a cut");
  } else {
    const double until = rig.elapsed() + 30;
    while (cuts_so_far() < 21 && rig.elapsed() < until) work(1000);
    require(cuts_so_far() == 21, "api: not cut for another rank");
    require(!api_snapshot("late"), "api: served twice");
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

const Registration kPrograms[] = {
    {"subcomm", subcomm},
    {"creategroup", creategroup},
    {"unbalanced", unbalanced},
    {"multistage", multistage},
    {"early_end", early_end},
    {"deferring", deferring},
    {"api", api},
};

}  // namespace
}  // namespace chkpt::cut_test
