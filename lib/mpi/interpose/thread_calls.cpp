// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/thread_calls.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <utility>

#include "base/log.hpp"
#include "mpi/interpose/communicators.hpp"
#include "mpi/interpose/deferrals.hpp"
#include "mpi/interpose/gate.hpp"
#include "mpi/interpose/thread_traffic.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi::thread_calls {
namespace {

using deferrals::Kind;

struct Made {
  CommId id;
  std::vector<int> everybody;  // world ranks
  std::uint64_t created = 0;   // as CommInfo::created
  bool counts = true;          // as Use::counts
};

struct Use {
  bool counts = true;  // false: defers snapshots
  bool entered = false;
  // What had been sent and received when the counts were last entered.
  std::uint64_t messages = 0;
};

// Never destroyed: a thread of the script may outlive the main thread's exit().
struct State {
  std::mutex mutex;
  std::map<MPI_Comm, Made> made;  // not in the registry yet
  std::map<MPI_Comm, Use> used;   // those of the registry
  std::vector<MPI_Comm> freed;    // of the registry, which still has them
};
State& state() {
  static State& instance = *new State;
  return instance;
}
using Lock = std::lock_guard<std::mutex>;

// Most programs never come here: what the main thread asks first.
std::atomic<bool> g_any{false};
std::atomic<const char*> g_last_call{""};

void changed() { g_any = !state().made.empty() || !state().used.empty() || !state().freed.empty(); }

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

constexpr const char* kWhy = "called from a thread";

void defer(const char* call, bool* counts) {
  if (std::exchange(*counts, false)) deferrals::add(Kind::kThreadComm, call, kWhy);
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

bool may_use(const char* call, MPI_Comm comm) {
  g_last_call = call;
  {
    const Lock lock(state().mutex);
    if (state().made.count(comm) != 0 || state().used.count(comm) != 0) return true;
  }
  if (comm == MPI_COMM_WORLD || comm == MPI_COMM_SELF) return false;
  if (registry().find_from_thread(comm) == nullptr) return false;
  const Lock lock(state().mutex);
  state().used[comm];
  changed();
  return true;
}

void lose_count(const char* call, MPI_Comm comm) {
  if (!in_other_thread()) return;
  const Lock lock(state().mutex);
  const auto made = state().made.find(comm);
  if (made != state().made.end()) defer(call, &made->second.counts);
  const auto used = state().used.find(comm);
  if (used != state().used.end()) defer(call, &used->second.counts);
}

void unfollowed(const char* call) {
  deferrals::forever(call, "called from a thread: no more snapshots in this run");
}

int create(const char* call, MPI_Comm parent, MPI_Comm* child, const std::function<int()>& really) {
  const Parent from(parent);
  if (!from.known()) {
    unfollowed(call);
    return really();
  }
  g_last_call = call;
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
  g_last_call = kCall;
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
  g_last_call = kCall;
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

Freed forget(MPI_Comm comm) {
  if (!g_any) return Freed::kNot;
  thread_traffic::forget(comm);
  const Lock lock(state().mutex);
  Freed freed = Freed::kNot;
  bool counts = true;
  if (const auto used = state().used.find(comm); used != state().used.end()) {
    counts = used->second.counts;
    state().used.erase(used);
    if (in_other_thread()) {
      state().freed.push_back(comm);
      freed = Freed::kLeft;
    }
  } else if (const auto made = state().made.find(comm); made != state().made.end()) {
    counts = made->second.counts;
    registry().note_freed(made->second.id, static_cast<int>(made->second.everybody.size()));
    state().made.erase(made);
    freed = Freed::kMade;
  }
  if (!counts) deferrals::remove(Kind::kThreadComm);
  changed();
  return freed;
}

bool uses(MPI_Comm comm) {
  if (!g_any) return false;
  const Lock lock(state().mutex);
  return state().used.count(comm) != 0;
}

bool busy() { return g_any && thread_traffic::under_way(); }

const char* last_call() { return g_last_call; }

std::vector<CommId> used() {
  std::vector<CommId> ids;
  if (!g_any) return ids;
  std::vector<MPI_Comm> comms;
  {
    const Lock lock(state().mutex);
    for (const auto& entry : state().made) ids.push_back(entry.second.id);
    for (const auto& entry : state().used) comms.push_back(entry.first);
  }
  for (const MPI_Comm comm : comms) {
    if (const CommInfo* info = registry().find_from_thread(comm)) ids.push_back(info->id);
  }
  return ids;
}

namespace {

std::uint64_t messages(const CommInfo& comm) {
  std::uint64_t all = 0;
  for (const std::uint64_t n : comm.sent) all += n;
  for (const std::uint64_t n : comm.received) all += n;
  return all;
}

void enter_counts(CommInfo& comm, const thread_traffic::Counts& counts) {
  for (const auto& [dest, n] : counts.sent) {
    for (std::uint64_t i = 0; i < n; ++i) registry().count_sent(comm, dest);
  }
  for (const auto& [source, n] : counts.received) {
    for (std::uint64_t i = 0; i < n; ++i) registry().count_received(comm, source);
  }
  for (std::uint64_t i = 0; i < counts.collectives; ++i) comm.tick();
}

void enter_made() {
  for (const auto& [comm, made] : state().made) {
    CommInfo& info = registry().add(comm, made.id);
    info.created = made.created;
    state().used[comm] = {made.counts, true, 0};
  }
  state().made.clear();
}

void settle_now() {
  const Lock lock(state().mutex);
  enter_made();
  for (auto& [comm, use] : state().used) {
    CommInfo* info = registry().find(comm);
    if (info == nullptr) continue;
    if (use.entered && messages(*info) != use.messages) {
      defer("a communicator of the main thread,", &use.counts);
    }
    enter_counts(*info, thread_traffic::take(comm));
    use.messages = messages(*info);
    use.entered = true;
  }
}

}  // namespace

void settle() {
  if (!g_any) return;
  drop_freed();
  if (thread_traffic::under_way()) return;
  try {
    settle_now();
  } catch (const std::exception& error) {
    log::error(std::string("communicators of other threads: ") + error.what());
    unfollowed(last_call());
  }
}

void drop_freed() {
  if (!g_any) return;
  std::vector<MPI_Comm> gone;
  {
    const Lock lock(state().mutex);
    gone.swap(state().freed);
    changed();
  }
  for (const MPI_Comm comm : gone) {
    if (CommInfo* info = registry().find(comm)) end_following(*info);
  }
}

bool unsettled() {
  if (!g_any) return false;
  if (thread_traffic::under_way() || thread_traffic::any_counts()) return true;
  const Lock lock(state().mutex);
  return !state().made.empty() || !state().freed.empty();
}

}  // namespace chkpt::mpi::thread_calls
