// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/registry.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi {

std::vector<int> world_ranks(MPI_Group group) {
  int size = 0;
  check(PMPI_Group_size(group, &size), "MPI_Group_size");
  std::vector<int> own(static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) own[static_cast<std::size_t>(i)] = i;
  std::vector<int> world(own.size());
  MPI_Group world_group = MPI_GROUP_NULL;
  check(PMPI_Comm_group(MPI_COMM_WORLD, &world_group), "MPI_Comm_group");
  const int rc = PMPI_Group_translate_ranks(group, size, own.data(), world_group, world.data());
  PMPI_Group_free(&world_group);
  check(rc, "MPI_Group_translate_ranks");
  return world;
}

std::string member_text(const std::vector<int>& ranks) {
  std::string text;
  for (const int rank : ranks) {
    if (!text.empty()) text += '.';
    text += std::to_string(rank);
  }
  return text;
}

SavedComm saved(const CommInfo& comm) {
  SavedComm state;
  state.id = comm.id;
  state.members = comm.members;
  state.local = comm.local;
  state.clock = comm.clock;
  state.created = comm.created;
  state.group_created = comm.group_created;
  state.sent = comm.sent;
  state.received = comm.received;
  for (const auto& message : comm.drained) state.drained.push_back(*message);
  state.two_phase_until = comm.arrivals.two_phase_until;
  return state;
}

std::vector<int> own_group(MPI_Comm comm) {
  MPI_Group group = MPI_GROUP_NULL;
  check(PMPI_Comm_group(comm, &group), "MPI_Comm_group");
  std::vector<int> ranks = world_ranks(group);
  PMPI_Group_free(&group);
  return ranks;
}

std::vector<int> remote_group(MPI_Comm comm) {
  MPI_Group group = MPI_GROUP_NULL;
  check(PMPI_Comm_remote_group(comm, &group), "MPI_Comm_remote_group");
  std::vector<int> ranks = world_ranks(group);
  PMPI_Group_free(&group);
  return ranks;
}

Registry g_registry;

CommInfo* Registry::find_slow(MPI_Comm comm) {
  CommInfo** entry = by_handle_.find(comm);
  if (entry == nullptr) return nullptr;
  return last_ = *entry;
}

CommInfo* Registry::find_from_thread(MPI_Comm comm) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& info : live_) {
    if (info->handle == comm && comm != MPI_COMM_NULL) return info.get();
  }
  return nullptr;
}

CommInfo* Registry::find(const CommId& id) {
  for (const auto& info : live_) {
    if (info->id == id) return info.get();
  }
  return nullptr;
}

void Registry::add_predefined(int world_rank) {
  add(MPI_COMM_WORLD, "w");
  add(MPI_COMM_SELF, "s" + std::to_string(world_rank));
}

CommId child_id(const CommId& parent, std::uint64_t number, const std::vector<int>& members) {
  const int smallest = *std::min_element(members.begin(), members.end());
  return parent + "/" + std::to_string(number) + ":" + std::to_string(smallest);
}

CommId next_inter_id(std::vector<int> one, std::vector<int> other) {
  if (*std::min_element(other.begin(), other.end()) < *std::min_element(one.begin(), one.end())) {
    std::swap(one, other);
  }
  const std::string id = "w/gx" + member_text(one) + "~" + member_text(other);
  one.insert(one.end(), other.begin(), other.end());
  return id + "#" + std::to_string(registry().tick_joint(id, one));
}

void inherit_errhandler(MPI_Comm parent, MPI_Comm child) {
  MPI_Errhandler handler = MPI_ERRHANDLER_NULL;
  if (PMPI_Comm_get_errhandler(parent, &handler) != MPI_SUCCESS) return;
  PMPI_Comm_set_errhandler(child, handler);
  PMPI_Errhandler_free(&handler);
}

namespace {

CommId child_id_of(const CommInfo& parent, std::uint64_t number, const CommInfo& child) {
  std::vector<int> all = child.members;
  all.insert(all.end(), child.local.begin(), child.local.end());
  return child_id(parent.id, number, all);
}

}  // namespace

CommInfo& Registry::add_child(const CommInfo& parent, std::uint64_t number, MPI_Comm child) {
  CommInfo& info = add(child, {});
  const std::lock_guard<std::mutex> lock(mutex_);
  info.id = child_id_of(parent, number, info);
  return info;
}

CommInfo& Registry::promise_duplicate(const CommInfo& parent, std::uint64_t number) {
  auto info = std::make_unique<CommInfo>();
  info->rank = parent.rank;
  info->members = parent.members;
  info->local = parent.local;
  info->sent.assign(info->members.size(), 0);
  info->received.assign(info->members.size(), 0);
  info->id = child_id_of(parent, number, *info);
  const std::lock_guard<std::mutex> lock(mutex_);
  live_.push_back(std::move(info));
  return *live_.back();
}

void Registry::fulfil(CommInfo& promised, MPI_Comm comm) {
  const std::lock_guard<std::mutex> lock(mutex_);
  promised.handle = comm;
  by_handle_.insert(comm, &promised);
}

CommInfo& Registry::add(MPI_Comm comm, CommId id) {
  auto info = std::make_unique<CommInfo>();
  info->handle = comm;
  info->id = std::move(id);
  check(PMPI_Comm_rank(comm, &info->rank), "MPI_Comm_rank");
  info->members = own_group(comm);
  int inter = 0;
  check(PMPI_Comm_test_inter(comm, &inter), "MPI_Comm_test_inter");
  if (inter != 0) {
    info->local = std::move(info->members);
    info->members = remote_group(comm);
  }
  info->sent.assign(info->members.size(), 0);
  info->received.assign(info->members.size(), 0);
  const std::lock_guard<std::mutex> lock(mutex_);
  by_handle_.insert(comm, info.get());
  live_.push_back(std::move(info));
  return *live_.back();
}

void Registry::remove(CommInfo& comm) {
  const std::lock_guard<std::mutex> lock(mutex_);
  last_ = nullptr;
  by_handle_.erase(comm.handle);
  for (const std::uint64_t n : comm.sent) bump(total_sent_, std::uint64_t{0} - n);
  for (const std::uint64_t n : comm.received) bump(total_received_, std::uint64_t{0} - n);
  if (comm.everybody() > 1) freed_.emplace_back(comm.id, comm.everybody());
  const auto is_it = [&](const auto& info) { return info.get() == &comm; };
  live_.erase(std::find_if(live_.begin(), live_.end(), is_it));
}

void Registry::note_freed(const CommId& id, int members) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (members > 1) freed_.emplace_back(id, members);
}

CommInfo& Registry::adopt(MPI_Comm comm, const SavedComm& state) {
  CommInfo* info = find(comm);
  if (info == nullptr) info = &add(comm, state.id);
  if (info->members != state.members || info->local != state.local) {
    throw MpiError("communicator " + state.id + " was rebuilt with other members");
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  info->id = state.id;
  info->clock = state.clock;
  info->created = state.created;
  info->group_created = state.group_created;
  for (std::size_t i = 0; i < state.sent.size(); ++i) {
    bump(total_sent_, state.sent[i] - info->sent[i]);
    bump(total_received_, state.received[i] - info->received[i]);
  }
  info->sent = state.sent;
  info->received = state.received;
  info->arrivals.two_phase_until = state.two_phase_until;
  for (const Drained& message : state.drained) {
    info->drained.push_back(std::make_shared<Drained>(message));
  }
  return *info;
}

void Registry::for_each(const std::function<void(CommInfo&)>& f) {
  for (const auto& info : live_) f(*info);
}

std::uint64_t Registry::tick_joint(const std::string& id, const std::vector<int>& members) {
  const std::lock_guard<std::mutex> lock(mutex_);
  JointClock& clock = joint_[id];
  clock.id = id;
  clock.members = members;
  return ++clock.value;
}

void Registry::untick_joint(const std::string& id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  --joint_[id].value;
}

std::vector<JointClock> Registry::joint_clocks() {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<JointClock> clocks;
  clocks.reserve(joint_.size());
  for (const auto& entry : joint_) clocks.push_back(entry.second);
  return clocks;
}

bool Registry::is_joint(const std::string& id) {
  const std::size_t slash = id.rfind('/');
  return slash != std::string::npos && id.compare(slash, 2, "/g") == 0 &&
         id.find('#', slash) == std::string::npos;
}

std::uint64_t Registry::joint_value(const std::string& id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = joint_.find(id);
  return it == joint_.end() ? 0 : it->second.value;
}

void Registry::adopt_joint(const JointClock& clock) {
  const std::lock_guard<std::mutex> lock(mutex_);
  joint_[clock.id] = clock;
}

void Registry::for_each_clock(const std::function<void(const CommId&, std::uint64_t)>& f) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& info : live_) {
    if (info->everybody() > 1 && !info->id.empty()) f(info->id, info->clock);
  }
}

std::vector<std::pair<CommId, int>> Registry::take_freed() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(freed_, {});
}

std::size_t Registry::freed_waiting() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return freed_.size();
}

}  // namespace chkpt::mpi
