// SPDX-License-Identifier: BSD-3-Clause
// Making and freeing communicators. Creation counts on the parent's clock at entry: a rank inside
// is never re-executed, the others come along. What cannot be rebuilt is foreign: it defers
// snapshots.
#include "mpi/interpose/communicators.hpp"

#include <algorithm>

#include "mpi/interpose/fortran_numbers.hpp"
#include "mpi/interpose/matched.hpp"
#include "mpi/interpose/thread_calls.hpp"
#include "mpi/interpose/wrapper.hpp"
#include "mpi/session.hpp"

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions

namespace {

using deferrals::Kind;
using thread_calls::Freed;

HandleTable<MPI_Comm, bool>& foreign_comms() {
  static HandleTable<MPI_Comm, bool> table;
  return table;
}

// A communicator we do not follow: held as a deferral from the entry of the call.
template <class F>
int create_foreign(const char* call, MPI_Comm* child, F f) {
  const Uncounted scope(call);
  if (!scope.by_script()) return f();
  deferrals::add(Kind::kForeignComm, call);
  const int rc = f();
  if (rc != MPI_SUCCESS || *child == MPI_COMM_NULL) {
    deferrals::remove(Kind::kForeignComm);
  } else {
    foreign_comms().insert(*child, true);
  }
  return rc;
}

template <class F>
int create(const char* call, MPI_Comm parent, MPI_Comm* child, F f) {
  if (in_other_thread()) {
    return guarded(call, [&] { return thread_calls::create(call, parent, child, f); });
  }
  if (outside(call)) return f();
  CommInfo* info = registry().find(parent);
  if (info == nullptr) return create_foreign(call, child, f);
  info->tick();
  int rc = MPI_SUCCESS;
  {
    const NativeCall native(call);
    clock_advanced();
    rc = f();
  }
  if (rc == MPI_SUCCESS) {
    const std::uint64_t number = Registry::next_child(*info);
    if (*child != MPI_COMM_NULL) {
      rc = guarded(call, [&] {
        thread_calls::drop_freed();
        registry().add_child(*info, number, *child);
        return MPI_SUCCESS;
      });
    }
  } else if (refused_arguments(rc)) {
    info->untick();
  }
  call_done();
  return rc;
}

int create_group(CommInfo& parent, MPI_Group group, int tag, MPI_Comm* child) {
  const std::vector<int> members = world_ranks(group);
  const std::string id = parent.id + "/g" + member_text(members);
  const std::uint64_t number = registry().tick_joint(id, members);
  const NativeCall native("MPI_Comm_create_group");
  clock_advanced();
  // The library would agree on a context by messages on the parent under the script's tag, which a
  // draining rank would take for the script's: it gets a private communicator instead.
  const int rc = PMPI_Comm_create_group(session::peer(), group, tag, child);
  if (rc != MPI_SUCCESS || *child == MPI_COMM_NULL) return rc;
  inherit_errhandler(parent.handle, *child);
  thread_calls::drop_freed();
  registry().add(*child, id + "#" + std::to_string(number));
  return rc;
}

// The two leaders of MPI_Intercomm_create. Nobody else knows of both groups before the call is
// over; each leader brings its own group along by the clock of the group's communicator.
struct Leaders {
  std::string clock;  // "" on ranks that do not lead
  std::vector<int> ranks;

  // As in create_group(): the leaders' messages must not meet a draining rank, so the private
  // communicator takes the place of the script's *bridge.
  void meet(const CommInfo& local, int local_leader, MPI_Comm* bridge, int* remote_leader) {
    if (local.rank != local_leader) return;
    const CommInfo* over = registry().find(*bridge);
    if (over == nullptr || over->inter()) return;
    if (*remote_leader < 0 || *remote_leader >= over->size()) return;
    const int other = over->members[static_cast<std::size_t>(*remote_leader)];
    ranks = {std::min(session::rank(), other), std::max(session::rank(), other)};
    clock = "w/gi" + member_text(ranks);
    *bridge = session::peer();
    *remote_leader = other;
  }
};

// Both groups are known now: all members count the intercommunicators between the two.
void enter_inter(MPI_Comm comm) {
  const std::vector<int> own = own_group(comm), remote = remote_group(comm);
  std::vector<int> all = own;
  all.insert(all.end(), remote.begin(), remote.end());
  if (std::find(all.begin(), all.end(), MPI_UNDEFINED) != all.end()) {
    foreign_comms().insert(comm, true);
    deferrals::add(Kind::kForeignComm, "MPI_Intercomm_create");
    return;
  }
  thread_calls::drop_freed();
  registry().add(comm, next_inter_id(own, remote));
}

template <class F>
int create_inter(CommInfo& local, const Leaders& leaders, MPI_Comm* child, F f) {
  constexpr const char* kCall = "MPI_Intercomm_create";
  local.tick();
  if (!leaders.clock.empty()) registry().tick_joint(leaders.clock, leaders.ranks);
  int rc = MPI_SUCCESS;
  {
    const NativeCall native(kCall);
    clock_advanced();
    rc = f();
  }
  if (refused_arguments(rc)) {
    local.untick();
    if (!leaders.clock.empty()) registry().untick_joint(leaders.clock);
  }
  if (rc != MPI_SUCCESS) return rc;
  return guarded(kCall, [&] {
    enter_inter(*child);
    return MPI_SUCCESS;
  });
}

int free_comm(const char* call, MPI_Comm* comm, int (*really)(MPI_Comm*)) {
  // Deliberately not stopped by t_depth: attribute-delete callbacks that run inside free other
  // communicators (mpi4py keeps a duplicate of each one it reduces Python objects on).
  if (*comm == MPI_COMM_NULL) return really(comm);
  if (!on_main_thread()) outside(call, *comm);
  const Freed freed = thread_calls::forget(*comm);
  if (freed != Freed::kNot || !on_main_thread()) {
    const Depth depth;
    return really(comm);
  }
  CommInfo* info = registry().find(*comm);
  const bool foreign = info == nullptr && foreign_comms().erase(*comm);
  if (info != nullptr) end_following(*info);
  fortran_numbers::forget(fortran_numbers::Family::kComm, fortran_numbers::bits_of(*comm));
  int rc = MPI_SUCCESS;
  {
    const Depth depth;
    rc = really(comm);
  }
  if (foreign) deferrals::remove(Kind::kForeignComm);
  if (t_depth == 0) call_done();
  return rc;
}

}  // namespace

namespace chkpt::mpi {

void end_following(CommInfo& comm) {
  requests().forget(comm);
  matched::forget(comm);
  registry().remove(comm);
}

}  // namespace chkpt::mpi

CHKPT_WRAPPER int MPI_Comm_dup(MPI_Comm comm, MPI_Comm* newcomm) {
  return create("MPI_Comm_dup", comm, newcomm, [&] { return PMPI_Comm_dup(comm, newcomm); });
}

CHKPT_WRAPPER int MPI_Comm_dup_with_info(MPI_Comm comm, MPI_Info info, MPI_Comm* newcomm) {
  return create("MPI_Comm_dup_with_info", comm, newcomm,
                [&] { return PMPI_Comm_dup_with_info(comm, info, newcomm); });
}

CHKPT_WRAPPER int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm* newcomm) {
  return create("MPI_Comm_split", comm, newcomm,
                [&] { return PMPI_Comm_split(comm, color, key, newcomm); });
}

CHKPT_WRAPPER int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info,
                                      MPI_Comm* newcomm) {
  return create("MPI_Comm_split_type", comm, newcomm,
                [&] { return PMPI_Comm_split_type(comm, type, key, info, newcomm); });
}

CHKPT_WRAPPER int MPI_Comm_create(MPI_Comm comm, MPI_Group group, MPI_Comm* newcomm) {
  return create("MPI_Comm_create", comm, newcomm,
                [&] { return PMPI_Comm_create(comm, group, newcomm); });
}

CHKPT_WRAPPER int MPI_Cart_create(MPI_Comm comm, int ndims, const int dims[], const int periods[],
                                  int reorder, MPI_Comm* newcomm) {
  return create("MPI_Cart_create", comm, newcomm,
                [&] { return PMPI_Cart_create(comm, ndims, dims, periods, reorder, newcomm); });
}

CHKPT_WRAPPER int MPI_Cart_sub(MPI_Comm comm, const int remain[], MPI_Comm* newcomm) {
  return create("MPI_Cart_sub", comm, newcomm,
                [&] { return PMPI_Cart_sub(comm, remain, newcomm); });
}

CHKPT_WRAPPER int MPI_Comm_create_group(MPI_Comm comm, MPI_Group group, int tag,
                                        MPI_Comm* newcomm) {
  constexpr const char* kCall = "MPI_Comm_create_group";
  const auto real = [&] { return PMPI_Comm_create_group(comm, group, tag, newcomm); };
  if (in_other_thread()) {
    return guarded(kCall, [&] { return thread_calls::create_group(comm, group, tag, newcomm); });
  }
  if (outside(kCall)) return real();
  CommInfo* info = registry().find(comm);
  if (info == nullptr) return create_foreign(kCall, newcomm, real);
  int size = 0;
  if (PMPI_Group_size(group, &size) != MPI_SUCCESS || size == 0) return real();
  const int rc = guarded(kCall, [&] { return create_group(*info, group, tag, newcomm); });
  call_done();
  return rc;
}

CHKPT_WRAPPER int MPI_Comm_idup(MPI_Comm comm, MPI_Comm* newcomm, MPI_Request* request) {
  constexpr const char* kCall = "MPI_Comm_idup";
  if (outside(kCall)) return PMPI_Comm_idup(comm, newcomm, request);
  CommInfo* info = registry().find(comm);
  if (info == nullptr) deferrals::add(Kind::kForeignComm, kCall);
  if (info != nullptr) info->tick();
  const int rc = PMPI_Comm_idup(comm, newcomm, request);
  if (info != nullptr && rc == MPI_SUCCESS) {
    RequestInfo entry;
    entry.kind = RequestKind::kCommIdup;
    entry.comm = info;
    entry.new_comm = newcomm;
    entry.promised = &registry().promise_duplicate(*info, Registry::next_child(*info));
    requests().add(*request, entry);
  } else if (info != nullptr && refused_arguments(rc)) {
    info->untick();
  }
  call_done();
  return rc;
}

CHKPT_WRAPPER int MPI_Graph_create(MPI_Comm comm, int nnodes, const int index[], const int edges[],
                                   int reorder, MPI_Comm* newcomm) {
  return create("MPI_Graph_create", comm, newcomm,
                [&] { return PMPI_Graph_create(comm, nnodes, index, edges, reorder, newcomm); });
}

CHKPT_WRAPPER int MPI_Dist_graph_create(MPI_Comm comm, int n, const int nodes[],
                                        const int degrees[], const int targets[],
                                        const int weights[], MPI_Info info, int reorder,
                                        MPI_Comm* newcomm) {
  return create("MPI_Dist_graph_create", comm, newcomm, [&] {
    return PMPI_Dist_graph_create(comm, n, nodes, degrees, targets, weights, info, reorder,
                                  newcomm);
  });
}

CHKPT_WRAPPER int MPI_Dist_graph_create_adjacent(MPI_Comm comm, int indegree, const int sources[],
                                                 const int source_weights[], int outdegree,
                                                 const int destinations[], const int dest_weights[],
                                                 MPI_Info info, int reorder, MPI_Comm* newcomm) {
  return create("MPI_Dist_graph_create_adjacent", comm, newcomm, [&] {
    return PMPI_Dist_graph_create_adjacent(comm, indegree, sources, source_weights, outdegree,
                                           destinations, dest_weights, info, reorder, newcomm);
  });
}

CHKPT_WRAPPER int MPI_Intercomm_create(MPI_Comm local_comm, int local_leader, MPI_Comm bridge,
                                       int remote_leader, int tag, MPI_Comm* newcomm) {
  constexpr const char* kCall = "MPI_Intercomm_create";
  const auto real = [&] {
    return PMPI_Intercomm_create(local_comm, local_leader, bridge, remote_leader, tag, newcomm);
  };
  if (in_other_thread()) {
    return guarded(kCall, [&] {
      return thread_calls::create_inter(local_comm, local_leader, bridge, remote_leader, tag,
                                        newcomm);
    });
  }
  if (outside(kCall)) return real();
  CommInfo* local = registry().find(local_comm);
  if (local == nullptr || local->inter()) return create_foreign(kCall, newcomm, real);
  Leaders leaders;
  leaders.meet(*local, local_leader, &bridge, &remote_leader);
  const int rc = create_inter(*local, leaders, newcomm, real);
  call_done();
  return rc;
}

CHKPT_WRAPPER int MPI_Intercomm_merge(MPI_Comm comm, int high, MPI_Comm* newcomm) {
  return create("MPI_Intercomm_merge", comm, newcomm,
                [&] { return PMPI_Intercomm_merge(comm, high, newcomm); });
}

CHKPT_WRAPPER int MPI_Comm_free(MPI_Comm* comm) {
  return free_comm("MPI_Comm_free", comm, PMPI_Comm_free);
}

CHKPT_WRAPPER int MPI_Comm_disconnect(MPI_Comm* comm) {
  return free_comm("MPI_Comm_disconnect", comm, PMPI_Comm_disconnect);
}
