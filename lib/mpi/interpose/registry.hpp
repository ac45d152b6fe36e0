// SPDX-License-Identifier: BSD-3-Clause
// What the wrappers know of the script's communicators: an exact identity that every member
// computes without communication, the clock of collective calls, and per-peer message counters.
// Only the main thread changes anything; the control thread reads clocks through for_each_clock().
// A communicator that cannot be saved is "foreign": not entered here, held as a deferral instead.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <mpi.h>

#include "base/bytes.hpp"
#include "mpi/interpose/handle_table.hpp"

namespace chkpt::mpi {

// Full path, never a hash: "w" is WORLD, "s3" SELF of world rank 3; a child appends
// "/<creation number on its parent>:<smallest world rank of its group>"; one made by
// MPI_Comm_create_group appends "/g<world ranks>#<number of such calls with these members>"; one
// made by MPI_Intercomm_create is "w/gx<one group>~<other group>#<number of them>".
using CommId = std::string;

// A message taken out of the library before the script asked for it.
struct Drained {
  int source = 0;  // rank in the communicator
  int tag = 0;
  Bytes data;
  bool ready = true;  // false while the library is still receiving it into data
  MPI_Request request = MPI_REQUEST_NULL;
  // Of a synchronous send: what to tell whom when the script has it; see sync_sends.hpp.
  std::uint64_t ack = 0;
  int ack_to = 0;  // world rank
};

// How long members of a communicator wait for each other; see two_phase.hpp.
struct Arrivals {
  std::uint64_t two_phase_until = 0;  // clock value; the calls up to there have a first phase
  std::uint64_t count = 0;            // of first phases since the last cut
  std::uint64_t waited_ns = 0;        // in them
  bool held_up_cut = false;           // the last cut had to wait for a call of this rank
};

struct CommInfo {
  MPI_Comm handle = MPI_COMM_NULL;  // as long as MPI_Comm_idup is making it
  CommId id;
  int rank = 0;
  // Rank on the other end of a channel -> world rank: of an intercommunicator the remote group.
  std::vector<int> members;
  std::vector<int> local;  // intercommunicators only: world ranks of the own group
  // Collective calls entered. Creation calls, nonblocking collectives and MPI_Comm_free count too.
  std::atomic<std::uint64_t> clock{0};
  std::uint64_t created = 0;  // communicators made from this one, except by create_group
  std::map<std::string, std::uint64_t> group_created;  // member list -> create_group calls
  std::vector<std::uint64_t> sent;                     // per communicator rank
  std::vector<std::uint64_t> received;                 // the same; counts ready drained messages
  std::deque<std::shared_ptr<Drained>> drained;        // arrival order
  Arrivals arrivals;

  int size() const { return static_cast<int>(members.size()); }  // ranks one can send to
  bool inter() const { return !local.empty(); }
  int everybody() const { return static_cast<int>(members.size() + local.size()); }
  void tick() { clock.store(clock.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  void untick() {
    clock.store(clock.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  }
};

// The part of a CommInfo that a checkpoint carries.
struct SavedComm {
  CommId id;
  std::vector<int> members;
  std::vector<int> local;
  std::uint64_t clock = 0;
  std::uint64_t created = 0;
  std::map<std::string, std::uint64_t> group_created;
  std::vector<std::uint64_t> sent;
  std::vector<std::uint64_t> received;
  std::vector<Drained> drained;  // all ready
  std::uint64_t two_phase_until = 0;
};
SavedComm saved(const CommInfo& comm);

// A clock of calls that only a group of ranks makes (MPI_Comm_create_group, the two leaders of
// MPI_Intercomm_create): who has not called yet knows nothing of it, so the members travel with it.
struct JointClock {
  std::string id;
  std::uint64_t value = 0;
  std::vector<int> members;  // world ranks
};

class Registry {
 public:
  // Null for a foreign communicator (and MPI_COMM_NULL).
  CommInfo* find(MPI_Comm comm) {
    if (last_ != nullptr && last_->handle == comm) return last_;
    return find_slow(comm);
  }
  CommInfo* find(const CommId& id);
  // The same as the first for other threads than the main one.
  CommInfo* find_from_thread(MPI_Comm comm);

  // WORLD and SELF, when the session starts.
  void add_predefined(int world_rank);
  // A communicator just made from `parent`; every member of the parent calls next_child() once per
  // creating call, also when it got MPI_COMM_NULL.
  static std::uint64_t next_child(CommInfo& parent) { return ++parent.created; }
  CommInfo& add_child(const CommInfo& parent, std::uint64_t number, MPI_Comm child);
  CommInfo& add(MPI_Comm comm, CommId id);
  // A duplicate of `parent` that the library is still making: known from now on, without a handle.
  CommInfo& promise_duplicate(const CommInfo& parent, std::uint64_t number);
  void fulfil(CommInfo& promised, MPI_Comm comm);
  // Forgets a freed communicator and takes its messages out of the totals; the id is remembered
  // until take_freed().
  void remove(CommInfo& comm);
  // Any thread: a communicator that is not entered here (thread_calls.hpp) has been freed.
  void note_freed(const CommId& id, int members);

  // Installs what a checkpoint says about `comm` (clock, counters, drained messages).
  // WORLD and SELF are there already; others are entered.
  CommInfo& adopt(MPI_Comm comm, const SavedComm& state);

  // Live communicators in the order of creation.
  void for_each(const std::function<void(CommInfo&)>& f);
  std::size_t size() const { return live_.size(); }

  // Counts one group-only call; returns its number for these members.
  std::uint64_t tick_joint(const std::string& id, const std::vector<int>& members);
  void untick_joint(const std::string& id);  // the call was refused
  std::vector<JointClock> joint_clocks();
  // Whether an id names a joint clock ("w/g0.1"), not a communicator ("w/g0.1#2").
  static bool is_joint(const std::string& id);
  std::uint64_t joint_value(const std::string& id);  // 0: never called here
  void adopt_joint(const JointClock& clock);

  // For the control thread too: id and clock of every live communicator of more than one member.
  void for_each_clock(const std::function<void(const CommId&, std::uint64_t)>& f);
  // Communicators of several members freed since the last call: id and size. Any thread.
  std::vector<std::pair<CommId, int>> take_freed();
  std::size_t freed_waiting();

  // Messages of all communicators, over the whole run.
  std::uint64_t total_sent() const { return total_sent_.load(std::memory_order_relaxed); }
  std::uint64_t total_received() const { return total_received_.load(std::memory_order_relaxed); }
  void count_sent(CommInfo& comm, int dest) {
    if (dest < 0 || dest >= comm.size()) return;
    ++comm.sent[static_cast<std::size_t>(dest)];
    bump(total_sent_, 1);
  }
  void uncount_sent(CommInfo& comm, int dest) {
    if (dest < 0 || dest >= comm.size()) return;
    --comm.sent[static_cast<std::size_t>(dest)];
    bump(total_sent_, static_cast<std::uint64_t>(-1));
  }
  void count_received(CommInfo& comm, int source) {
    if (source < 0 || source >= comm.size()) return;
    ++comm.received[static_cast<std::size_t>(source)];
    bump(total_received_, 1);
  }

 private:
  CommInfo* find_slow(MPI_Comm comm);
  static void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  CommInfo* last_ = nullptr;  // cache of find(MPI_Comm)
  HandleTable<MPI_Comm, CommInfo*> by_handle_;
  // Guards the list against the control thread; the main thread alone changes it.
  std::mutex mutex_;
  std::vector<std::unique_ptr<CommInfo>> live_;
  std::map<std::string, JointClock> joint_;
  std::vector<std::pair<CommId, int>> freed_;
  std::atomic<std::uint64_t> total_sent_{0};
  std::atomic<std::uint64_t> total_received_{0};
};

// An object, not a function's static: every MPI call of the script passes here.
extern Registry g_registry;
inline Registry& registry() { return g_registry; }

// World ranks of a group, in its order; MPI_UNDEFINED for a process outside MPI_COMM_WORLD.
std::vector<int> world_ranks(MPI_Group group);
std::vector<int> own_group(MPI_Comm comm);
std::vector<int> remote_group(MPI_Comm intercomm);
// "0.1.5": how a member list is written inside an id.
std::string member_text(const std::vector<int>& ranks);
// The id of the `number`-th child of `parent`; of an intercommunicator `members` has both groups.
CommId child_id(const CommId& parent, std::uint64_t number, const std::vector<int>& members);
// Counts one more intercommunicator between two groups; all members do. Any thread.
CommId next_inter_id(std::vector<int> one, std::vector<int> other);
// What the library would have done, had it made `child` on `parent`.
void inherit_errhandler(MPI_Comm parent, MPI_Comm child);

}  // namespace chkpt::mpi
