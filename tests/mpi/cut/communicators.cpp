// SPDX-License-Identifier: BSD-3-Clause
// Programs about communicators and about collective calls of the rarer kinds.
#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "rig.hpp"

namespace chkpt::cut_test {
namespace {

// The root leaves a broadcast, and every other rank a reduction, before the last has come.
void early_root(Rig& rig) {
  for (long step = 0;; ++step) {
    const int root = static_cast<int>(step % rig.size);
    long said = rig.rank == root ? step : -1, sum = 0;
    if (rig.rank == (root + 1) % rig.size) work(rig.uniform() * 2000);
    MPI_Bcast(&said, 1, MPI_LONG, root, MPI_COMM_WORLD);
    require(said == step, "early_root: broadcast");
    safe_point();
    if (rig.rank == root) work(rig.uniform() * 1000);
    MPI_Reduce(&said, &sum, 1, MPI_LONG, MPI_SUM, root, MPI_COMM_WORLD);
    require(rig.rank != root || sum == step * rig.size, "early_root: reduced");
    safe_point();
    if (step % 20 == 19 && rig.time_is_up()) break;
  }
}

// Communicators made one from the other and freed while messages are under way on them.
void dup_loop(Rig& rig) {
  MPI_Comm current;
  MPI_Comm_dup(MPI_COMM_WORLD, &current);
  const int to = (rig.rank + 1) % rig.size, from = (rig.rank + rig.size - 1) % rig.size;
  for (long step = 0;; ++step) {
    MPI_Request request;
    long in = -1;
    MPI_Isend(&step, 1, MPI_LONG, to, 1, current, &request);
    if (rig.uniform() < 0.3) work(rig.uniform() * 500);
    safe_point();
    MPI_Comm next;
    MPI_Comm_dup(current, &next);
    safe_point();
    MPI_Recv(&in, 1, MPI_LONG, from, 1, current, MPI_STATUS_IGNORE);
    require(in == step, "dup_loop: content");
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    safe_point();
    MPI_Comm_free(&current);
    current = next;
    safe_point();
    if (step % 20 == 19 && rig.time_is_up(current)) break;
  }
  MPI_Comm_free(&current);
}

// One collective call after the other, of all shapes, with hardly anything between.
void dense(Rig& rig) {
  const auto n = static_cast<std::size_t>(rig.size);
  for (long step = 0;; ++step) {
    std::vector<long> out(n, rig.rank + step), in(n, -1);
    const int root = static_cast<int>(step % rig.size);
    const long own = rig.rank + step;
    long sum = 0;
    MPI_Alltoall(out.data(), 1, MPI_LONG, in.data(), 1, MPI_LONG, MPI_COMM_WORLD);
    for (std::size_t r = 0; r < n; ++r) {
      require(in[r] == static_cast<long>(r) + step, "dense: alltoall");
    }
    safe_point();
    std::vector<int> counts(n, 1), places(n);
    for (std::size_t r = 0; r < n; ++r) places[r] = static_cast<int>(n - 1 - r);
    MPI_Allgatherv(&own, 1, MPI_LONG, in.data(), counts.data(), places.data(), MPI_LONG,
                   MPI_COMM_WORLD);
    require(in[n - 1] == step, "dense: allgatherv");
    MPI_Scan(&own, &sum, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    require(sum == (rig.rank + 1) * step + rig.rank * (rig.rank + 1) / 2, "dense: scan");
    safe_point();
    MPI_Reduce_scatter_block(out.data(), &sum, 1, MPI_LONG, MPI_MAX, MPI_COMM_WORLD);
    require(sum == rig.size - 1 + step, "dense: reduce_scatter");
    MPI_Exscan(&own, &sum, 1, MPI_LONG, MPI_MIN, MPI_COMM_WORLD);
    require(rig.rank == 0 || sum == step, "dense: exscan");
    MPI_Scatter(in.data(), 1, MPI_LONG, &sum, 1, MPI_LONG, root, MPI_COMM_WORLD);
    require(sum == rig.size - 1 - rig.rank + step, "dense: scatter");
    safe_point();
    if (step % 20 == 19 && rig.time_is_up()) break;
  }
}

// A script's own operation: Python that is called back inside MPI reaches bytecode boundaries.
void sum_with_safe_points(void* in, void* inout, int* count, MPI_Datatype*) {
  for (int i = 0; i < *count; ++i) {
    safe_point();
    static_cast<long*>(inout)[i] += static_cast<long*>(in)[i];
  }
}

void user_op(Rig& rig) {
  MPI_Op op;
  MPI_Op_create(sum_with_safe_points, 1, &op);
  for (long step = 0;; ++step) {
    std::array<long, 8> out{}, in{};
    out.fill(step);
    if (rig.uniform() < 0.2) work(rig.uniform() * 500);
    MPI_Allreduce(out.data(), in.data(), 8, MPI_LONG, op, MPI_COMM_WORLD);
    require(in[7] == step * rig.size, "user_op: allreduce");
    safe_point();
    MPI_Request request;
    MPI_Iallreduce(out.data(), in.data(), 8, MPI_LONG, op, MPI_COMM_WORLD, &request);
    safe_point();
    // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): it does not know MPI_Iallreduce
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    require(in[0] == step * rig.size, "user_op: iallreduce");
    MPI_Scan(out.data(), in.data(), 8, MPI_LONG, op, MPI_COMM_WORLD);
    require(in[1] == step * (rig.rank + 1), "user_op: scan");
    safe_point();
    if (step % 20 == 19 && rig.time_is_up()) break;
  }
  MPI_Op_free(&op);
}

// Attributes whose delete callback frees another communicator, as mpi4py keeps duplicates.
int free_kept(MPI_Comm, int, void* kept, void*) {
  auto* comm = static_cast<MPI_Comm*>(kept);
  MPI_Comm_free(comm);
  delete comm;
  return MPI_SUCCESS;
}

void attributes(Rig& rig) {
  for (long step = 0;; ++step) {
    int keyval = MPI_KEYVAL_INVALID;
    MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, free_kept, &keyval, nullptr);
    MPI_Comm outer;
    auto* kept = new MPI_Comm;
    MPI_Comm_dup(MPI_COMM_WORLD, &outer);
    safe_point();
    MPI_Comm_dup(outer, kept);
    MPI_Comm_set_attr(outer, keyval, kept);
    safe_point();
    long sum = 0;
    MPI_Allreduce(&step, &sum, 1, MPI_LONG, MPI_SUM, *kept);
    require(sum == step * rig.size, "attributes: content");
    if (rig.uniform() < 0.3) work(rig.uniform() * 300);
    MPI_Comm_free(&outer);
    MPI_Comm_free_keyval(&keyval);
    for (int i = 0; i < 20; ++i) {
      safe_point();
      MPI_Barrier(MPI_COMM_WORLD);
    }
    if (rig.time_is_up()) break;
  }
}

// Many groups at once, among them two whose members' hashes collide under XOR (in other software):
// {0, 14, 23, 25} and {1, 3, 6, 12}.
void groups(Rig& rig) {
  std::mt19937 shared(17);
  std::vector<std::set<int>> members{{0, 14, 23, 25}, {1, 3, 6, 12}};
  while (members.size() < 12) {
    std::set<int> some;
    while (some.size() < 4) some.insert(static_cast<int>(shared() % 64));
    members.push_back(some);
  }
  std::vector<MPI_Comm> comms;
  for (const auto& some : members) {
    std::set<int> here;
    for (const int r : some) here.insert(r % rig.size);
    MPI_Comm comm;
    MPI_Comm_split(MPI_COMM_WORLD, here.count(rig.rank) != 0 ? 1 : MPI_UNDEFINED, 0, &comm);
    comms.push_back(comm);
    safe_point();
  }
  for (long step = 0;; ++step) {
    for (MPI_Comm comm : comms) {
      if (comm == MPI_COMM_NULL) continue;
      if (rig.uniform() < 0.1) work(rig.uniform() * 500);
      int size = 0;
      long sum = 0;
      MPI_Comm_size(comm, &size);
      MPI_Allreduce(&step, &sum, 1, MPI_LONG, MPI_SUM, comm);
      require(sum == step * size, "groups: content");
      safe_point();
    }
    if (step % 10 == 9 && rig.time_is_up()) break;
  }
  for (MPI_Comm& comm : comms) {
    if (comm != MPI_COMM_NULL) MPI_Comm_free(&comm);
  }
}

const Registration kPrograms[] = {
    {"early_root", early_root}, {"dup_loop", dup_loop},     {"dense", dense},
    {"user_op", user_op},       {"attributes", attributes}, {"groups", groups},
};

}  // namespace
}  // namespace chkpt::cut_test
