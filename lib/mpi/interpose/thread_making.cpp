// SPDX-License-Identifier: BSD-3-Clause
// Communicators that other threads than the main one make.
#include <algorithm>
#include <utility>

#include "mpi/interpose/gate.hpp"
#include "mpi/interpose/thread_calls.hpp"
#include "mpi/interpose/thread_comms.hpp"
#include "mpi/interpose/thread_traffic.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi::thread_calls {
namespace {

// What a creating call counts on: the main thread's communicator or one made here. The standard
// leaves it to the script that no two threads use one of them for collective calls at a time.
class Parent {
 public:
  explicit Parent(MPI_Comm comm) : info_(registry().find_from_thread(comm)) {
    if (info_ != nullptr) return;
    const Lock lock(state().mutex);
    const auto found = state().made.find(comm);
    if (found != state().made.end()) made_ = &found->second;
  }
  bool known() const { return info_ != nullptr || made_ != nullptr; }
  const CommId& id() const { return info_ != nullptr ? info_->id : made_->id; }
  void tick() const {
    if (info_ != nullptr) info_->tick();
  }
  void untick() const {
    if (info_ != nullptr) info_->untick();
  }
  std::uint64_t next_child() const {
    return info_ != nullptr ? Registry::next_child(*info_) : ++made_->created;
  }

 private:
  CommInfo* info_;
  Made* made_ = nullptr;
};

bool any_outside(const std::vector<int>& ranks) {
  return std::find(ranks.begin(), ranks.end(), MPI_UNDEFINED) != ranks.end();
}

std::vector<int> everybody(MPI_Comm comm) {
  std::vector<int> all = own_group(comm);
  int inter = 0;
  check(PMPI_Comm_test_inter(comm, &inter), "MPI_Comm_test_inter");
  if (inter == 0) return all;
  const std::vector<int> others = remote_group(comm);
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

void enter(MPI_Comm comm, CommId id, std::vector<int> members) {
  const Lock lock(state().mutex);
  state().made[comm] = {std::move(id), std::move(members), 0, true};
  changed();
}

// The leaders' messages must not meet a rank that drains, so the private communicator takes the
// place of the script's. False if the main thread would not have counted the meeting.
bool meet(MPI_Comm local, int local_leader, MPI_Comm* bridge, int* remote_leader,
          std::vector<int>* leaders) {
  int rank = 0, inter = 0;
  if (PMPI_Comm_rank(local, &rank) != MPI_SUCCESS || rank != local_leader) return false;
  if (!Parent(*bridge).known()) return false;
  if (PMPI_Comm_test_inter(*bridge, &inter) != MPI_SUCCESS || inter != 0) return false;
  const std::vector<int> members = own_group(*bridge);
  if (*remote_leader < 0 || *remote_leader >= static_cast<int>(members.size())) return false;
  const int other = members[static_cast<std::size_t>(*remote_leader)];
  if (other == MPI_UNDEFINED) return false;
  *leaders = {std::min(session::rank(), other), std::max(session::rank(), other)};
  *bridge = session::peer();
  *remote_leader = other;
  return true;
}

}  // namespace

int create(const char* call, MPI_Comm parent, MPI_Comm* child, const std::function<int()>& really) {
  const Parent from(parent);
  if (!from.known()) {
    unfollowed(call);
    return really();
  }
  note_call(call);
  const thread_traffic::Call making;
  from.tick();
  const int rc = really();
  if (rc != MPI_SUCCESS) {
    if (refused_arguments(rc)) from.untick();
    return rc;
  }
  const std::uint64_t number = from.next_child();
  if (*child == MPI_COMM_NULL) return rc;
  std::vector<int> members = everybody(*child);
  enter(*child, child_id(from.id(), number, members), members);
  return rc;
}

int create_group(MPI_Comm parent, MPI_Group group, int tag, MPI_Comm* child) {
  constexpr const char* kCall = "MPI_Comm_create_group";
  const Parent from(parent);
  std::vector<int> members = world_ranks(group);
  if (!from.known() || any_outside(members)) {
    unfollowed(kCall);
    return PMPI_Comm_create_group(parent, group, tag, child);
  }
  if (members.empty()) return PMPI_Comm_create_group(parent, group, tag, child);
  note_call(kCall);
  const thread_traffic::Call making;
  const std::string id = from.id() + "/g" + member_text(members);
  const std::uint64_t number = registry().tick_joint(id, members);
  const int rc = PMPI_Comm_create_group(session::peer(), group, tag, child);
  if (rc != MPI_SUCCESS || *child == MPI_COMM_NULL) return rc;
  inherit_errhandler(parent, *child);
  enter(*child, id + "#" + std::to_string(number), std::move(members));
  return rc;
}

int create_inter(MPI_Comm local, int local_leader, MPI_Comm bridge, int remote_leader, int tag,
                 MPI_Comm* child) {
  constexpr const char* kCall = "MPI_Intercomm_create";
  const auto real = [&] {
    return PMPI_Intercomm_create(local, local_leader, bridge, remote_leader, tag, child);
  };
  const Parent from(local);
  if (!from.known()) {
    unfollowed(kCall);
    return real();
  }
  note_call(kCall);
  const thread_traffic::Call making;
  from.tick();
  std::vector<int> leaders;
  const bool leads = meet(local, local_leader, &bridge, &remote_leader, &leaders);
  const std::string meeting = "w/gi" + member_text(leaders);
  if (leads) registry().tick_joint(meeting, leaders);
  const int rc = real();
  if (rc != MPI_SUCCESS) {
    if (!refused_arguments(rc)) return rc;
    from.untick();
    if (leads) registry().untick_joint(meeting);
    return rc;
  }
  std::vector<int> members = everybody(*child);
  if (any_outside(members)) {
    unfollowed(kCall);
    return rc;
  }
  CommId id = next_inter_id(own_group(*child), remote_group(*child));
  enter(*child, std::move(id), std::move(members));
  return rc;
}

}  // namespace chkpt::mpi::thread_calls
