// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/thread_calls.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "mpi/interpose/communicators.hpp"
#include "mpi/interpose/deferrals.hpp"
#include "mpi/interpose/gate.hpp"
#include "mpi/interpose/thread_comms.hpp"
#include "mpi/interpose/thread_traffic.hpp"

namespace chkpt::mpi::thread_calls {

// Never destroyed: a thread of the script may outlive the main thread's exit().
State& state() {
  static State& instance = *new State;
  return instance;
}

namespace {

using deferrals::Kind;

// Most programs never come here: what the main thread asks first.
std::atomic<bool> g_any{false};
std::atomic<const char*> g_last_call{""};

void defer(const std::string& text, bool* counts) {
  if (std::exchange(*counts, false)) deferrals::add_found(Kind::kThreadComm, text);
}

}  // namespace

void changed() { g_any = !state().made.empty() || !state().used.empty() || !state().freed.empty(); }

void note_call(const char* call) { g_last_call = call; }

bool may_use(const char* call, MPI_Comm comm) {
  note_call(call);
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
  const std::string text = std::string(call) + " called from a thread";
  const Lock lock(state().mutex);
  const auto made = state().made.find(comm);
  if (made != state().made.end()) defer(text, &made->second.counts);
  const auto used = state().used.find(comm);
  if (used != state().used.end()) defer(text, &used->second.counts);
}

void unfollowed(const char* call) { deferrals::forever(call, "called from a thread"); }

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
      defer("a communicator on which another thread and the main one send or receive", &use.counts);
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

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::seconds(1);
std::atomic<Clock::rep> g_waits_since{0};  // 0: nothing waits

// Under the lock: a thread that frees one asks for it first.
bool any_message() {
  const Lock lock(state().mutex);
  for (const auto& entry : state().used) {
    int found = 0;
    PMPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, entry.first, &found, MPI_STATUS_IGNORE);
    if (found != 0) return true;
  }
  return false;
}

}  // namespace

void look_for_messages() {
  if (!g_any || busy() || !any_message()) {
    g_waits_since = 0;
  } else if (g_waits_since == 0) {
    g_waits_since = Clock::now().time_since_epoch().count();
  }
}

void begin_cut() { g_waits_since = 0; }

bool message_waits() {
  const Clock::rep since = g_waits_since;
  return since != 0 && Clock::now().time_since_epoch() - Clock::duration(since) > kPatience;
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
