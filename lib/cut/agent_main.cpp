// SPDX-License-Identifier: BSD-3-Clause
// The main thread's side: where it may stand still, what it does meanwhile (drain, so that senders
// come out of their calls), and the phases of a cut.
#include <algorithm>
#include <chrono>

#include <unistd.h>

#include "base/error.hpp"
#include "cut/agent_impl.hpp"
#include "mpi/interpose/drain.hpp"
#include "mpi/interpose/drained_notices.hpp"
#include "mpi/interpose/epochs.hpp"
#include "mpi/interpose/registry.hpp"
#include "mpi/interpose/thread_calls.hpp"
#include "mpi/interpose/two_phase.hpp"
#include "mpi/interpose/verify.hpp"
#include "mpi/session.hpp"

namespace chkpt::cut {
namespace {

constexpr auto kRound = std::chrono::microseconds(100);
// A rank whose script has ended keeps the library moving for the others, as MPI_Finalize would.
constexpr auto kProgress = std::chrono::milliseconds(2);
// How long a rank that has run on for another one's threads stands when its own are at rest again.
constexpr auto kRest = std::chrono::milliseconds(200);

// A cut that waited longer than this for a rank inside a collective call could have been quicker.
constexpr auto kLongCollective = std::chrono::milliseconds(1);
// So many polls for the same, without success while one cut is pending, are a polling loop.
constexpr int kPollsOfAWait = 20;
constexpr std::uint64_t kNotAMember = ~std::uint64_t{0};

std::vector<ChannelNeed> described(const std::vector<mpi::Need>& needs) {
  std::vector<ChannelNeed> result;
  for (const mpi::Need& need : needs) {
    const int source =
        need.source < 0 ? -1 : need.comm->members[static_cast<std::size_t>(need.source)];
    result.push_back({need.comm->id, source, need.have, need.awaited, need.tag});
  }
  return result;
}

std::uint64_t sent_to(const mpi::CommInfo& comm, int world_rank) {
  for (std::size_t i = 0; i < comm.members.size(); ++i) {
    if (comm.members[i] == world_rank) return comm.sent[i];
  }
  return kNotAMember;
}

std::size_t waiting_from(mpi::CommInfo& comm, int world_rank, int tag) {
  for (int source = 0; source < comm.size(); ++source) {
    if (comm.members[static_cast<std::size_t>(source)] != world_rank) continue;
    return mpi::drained_notices::waiting(comm, source, tag).size();
  }
  return 0;
}

void make_progress() {
  if (!mpi::session::active()) return;
  const mpi::Depth depth;
  int flag = 0;
  PMPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, mpi::session::control(), &flag, MPI_STATUS_IGNORE);
}

}  // namespace

bool Agent::Impl::wants_api() const { return api_calls_ > api_satisfied_; }

bool Agent::Impl::api_snapshot(const std::string& name, bool wait) {
  if (in_other_process()) return false;
  const std::uint64_t number = ++api_calls_;
  if (number <= api_satisfied_) return false;
  send_trigger({TriggerKind::kApi, name, false, wait}, number);
  if (hooks_.request_safe_point != nullptr) hooks_.request_safe_point();
  return true;
}

void Agent::Impl::at_safe_point(void* context) {
  if (in_other_process() || (!pending_ && !wants_api())) return;
  // Python called back from inside an MPI call (a user's Op): not a place to stop.
  if (mpi::session::active() && mpi::t_depth > 0) return;
  {
    const Lock lock(mutex_);
    if (pending_ && !targets_met()) return;
  }
  void* gil = hooks_.release_gil != nullptr ? hooks_.release_gil() : nullptr;
  {
    Lock lock(mutex_);
    context_ = context;
    state_ = RankState::kParked;
    eligible_ = false;
    stand(lock);
    go_on();
    context_ = nullptr;
  }
  if (hooks_.acquire_gil != nullptr) hooks_.acquire_gil(gil);
}

// Stands still until a target asks this rank to move or nobody wants it to stand.
void Agent::Impl::stand(Lock& lock) {
  while (!quit_) {
    if (!pending_) {
      if (!wants_api()) return;
      changed_.wait(lock);  // the request that follows snapshot() is on its way
      continue;
    }
    if (!one_round(lock)) return;
  }
}

// One round at a safe point or after the script; false when the main thread has to move on.
bool Agent::Impl::one_round(Lock& lock) {
  if (frozen_) {
    if (!order_) {
      changed_.wait(lock);
      return true;
    }
    const Message order = std::move(*order_);
    order_.reset();
    carry_out(lock, order);
    return true;
  }
  drain(lock);
  if (!pending_ || frozen_) return true;
  weigh(true);
  if (!eligible_ && state_ == RankState::kParked) return false;
  if (prepare_asked_) {
    answer_prepare();
    return true;
  }
  publish();
  changed_.wait_for(lock, kRound);
  return true;
}

void Agent::Impl::drain(Lock& lock) {
  if (!mpi::session::active() || !known_to_all_) return;
  lock.unlock();
  mpi::drain::all();
  lock.lock();
}

// The main thread is about to run.
void Agent::Impl::go_on() {
  state_ = RankState::kRunning;
  eligible_ = false;
  needs_.clear();
  call_.clear();
  if (!pending_) return;
  if (prepare_asked_) answer_prepare();
  publish();
}

void Agent::Impl::answer_prepare() {
  prepare_asked_ = false;
  Message answer;
  answer.type = MessageType::kPrepared;
  answer.epoch = epoch_;
  answer.status = make_status();
  answer.ok = answer.status.eligible;
  frozen_ = answer.ok;
  send(answer);
}

void Agent::Impl::weigh(bool may_stand) {
  eligible_ = may_stand && targets_met();
  weighed_ = true;
}

// Asked to run on for another rank's threads, and its own have had a turn since: most often that is
// all the others need. Running on without a stop, many ranks would hardly ever be between two turns
// at the same time.
bool Agent::Impl::rests() const { return std::chrono::steady_clock::now() - rested_since_ < kRest; }

bool Agent::Impl::targets_met() {
  for (const Channel& channel : std::exchange(new_any_targets_, {})) {
    const mpi::CommInfo* comm = mpi::registry().find(channel.first);
    if (comm != nullptr) any_targets_.emplace(channel, sent_to(*comm, channel.second) + 1);
  }
  if (api_calls_ < api_target_ && state_ != RankState::kDone) return false;
  if (!mpi::session::active()) return true;
  if (mpi::thread_calls::unsettled()) rested_since_ = std::chrono::steady_clock::now();
  mpi::thread_calls::settle();
  held_up_ = is_held_up();
  if (held_up_) return false;
  if (!receptions_met()) return false;
  mpi::Registry& known = mpi::registry();
  for (const auto& [id, value] : clock_targets_) {
    const mpi::CommInfo* comm = known.find(id);
    if (comm != nullptr) {
      if (value == kFreed || comm->clock < value) return false;
    } else if (mpi::Registry::is_joint(id) && known.joint_value(id) < value) {
      return false;
    }
    // Any other unknown communicator has been freed here meanwhile.
  }
  for (const auto* targets : {&channel_targets_, &any_targets_}) {
    for (const auto& [channel, value] : *targets) {
      if (value == kOnItsOwn && rests()) continue;
      const mpi::CommInfo* comm = known.find(channel.first);
      if (comm == nullptr) continue;
      const std::uint64_t sent = sent_to(*comm, channel.second);
      if (sent != kNotAMember && sent < value) return false;
    }
  }
  return true;
}

// Forgets those that are: what has been sent since is not asked for.
bool Agent::Impl::receptions_met() {
  const auto met = [](const Reception& target) {
    mpi::CommInfo* comm = mpi::registry().find(target.from.first);
    return comm == nullptr || waiting_from(*comm, target.from.second, target.tag) <= target.left;
  };
  reception_targets_.erase(
      std::remove_if(reception_targets_.begin(), reception_targets_.end(), met),
      reception_targets_.end());
  return reception_targets_.empty();
}

// ---- the phases of a cut

CutInfo Agent::Impl::info_of(const Message& order) {
  CutInfo info;
  info.attempt = order.number;
  info.trigger = order.trigger;
  info.cut_ms = order.seconds * 1e3;
  info.started_unix_ns = order.unix_ns;
  info.is_behind = order.behind;
  return info;
}

CutInfo Agent::Impl::cut_info(const Message& order) const {
  CutInfo info = info_of(order);
  info.context = context_;
  if (state_ == RankState::kDone) {
    info.position = Position::kFinished;
  } else if (state_ == RankState::kBlocked) {
    info.position = Position::kBlockedCall;
    info.mpi_call = call_.c_str();
  }
  return info;
}

void Agent::Impl::carry_out(Lock& lock, const Message& order) {
  lock.unlock();
  Message answer;
  {
    // What Python code does to MPI while it is pickled is not the script's.
    const mpi::Depth depth;
    const Report report = perform(order);
    answer.ok = report.ok;
    answer.text = report.message;
    answer.payload = report.payload;
  }
  answer.type = MessageType::kReport;
  answer.epoch = order.epoch;
  answer.phase = order.phase;
  lock.lock();
  send(answer);
}

Report Agent::Impl::perform(const Message& order) {
  const CutInfo info = cut_info(order);
  api_after_cut_ = order.status.api_satisfied;
  try {
    switch (order.phase) {
      case Phase::kVerify: {
        const std::string text = mpi::cut_mismatch();
        const bool active = mpi::session::active();
        return {text.empty(), text, active ? mpi::two_phase::votes() : ""};
      }
      case Phase::kCapture: {
        if (mpi::session::active()) mpi::two_phase::agree(order.payload);
        // Threads that only wait run on until the capture takes the interpreter's lock.
        Report report = work_->capture(info);
        if (!report.ok || !mpi::thread_calls::unsettled()) return report;
        return {false, "another thread has made MPI calls meanwhile", ""};
      }
      case Phase::kWrite:
        return work_->write(info);
      case Phase::kConclude:
        work_->committed(info, order.ok, order.text);
        return {};
      case Phase::kLeave:
        work_->leave(info);
        ::_exit(kExitRequeue);  // leave() does not return
    }
  } catch (const std::exception& error) {
    return {false, error.what(), ""};
  }
  return {false, "unknown phase", ""};
}

// ---- inside MPI calls

bool Agent::Impl::blocked(const mpi::BlockedCall& call) {
  Lock lock(mutex_);
  if (!pending_) return true;
  ask_restartable(lock, call);
  if (!pending_) return true;
  state_ = RankState::kBlocked;
  call_ = call.call;
  needs_ = described(*call.needs);
  if (!frozen_) weigh(restartable_);
  do {
    blocked_round(lock);
  } while (frozen_);
  return !pending_ || (restartable_ && targets_met());
}

// As blocked(), for as long as nobody needs this rank to enter: a target that is not met lies
// behind the call.
void Agent::Impl::before_collective(const mpi::BlockedCall& call) {
  Lock lock(mutex_);
  if (!pending_ || !targets_met()) return;
  ask_restartable(lock, call);
  state_ = RankState::kBlocked;
  call_ = call.call;
  needs_.clear();
  weigh(restartable_);
  while (pending_ && restartable_ && (frozen_ || targets_met())) blocked_round(lock);
  restart_asked_ = false;
  go_on();
}

// The hook looks at Python's stack: once per blocked call.
void Agent::Impl::ask_restartable(Lock& lock, const mpi::BlockedCall& call) {
  if (restart_asked_) return;
  restart_asked_ = true;
  restartable_ = false;
  why_not_restartable_.clear();
  if (!call.nothing_done || !config_.restart_blocked || hooks_.prepare_blocked == nullptr) return;
  std::string why;
  lock.unlock();
  const bool allowed = hooks_.prepare_blocked(call, &why);
  lock.lock();
  restartable_ = allowed;
  why_not_restartable_ = why;
}

void Agent::Impl::blocked_round(Lock& lock) {
  if (frozen_) {
    if (order_) {
      const Message order = std::move(*order_);
      order_.reset();
      carry_out(lock, order);
    } else {
      changed_.wait(lock);
    }
    return;
  }
  drain(lock);
  if (!pending_) return;
  weigh(restartable_);
  if (prepare_asked_) {
    answer_prepare();
  } else {
    publish();
    changed_.wait_for(lock, kRound);
  }
}

void Agent::Impl::unblocked() {
  const Lock lock(mutex_);
  restart_asked_ = false;
  go_on();
}

// A look in passing is no wait: a sender that is asked to run on for it would run for as long as
// the application lets it. And what this rank would have to send itself comes from nobody else.
bool Agent::Impl::is_waited_for(const ChannelNeed& need) {
  if (need.source == mpi::session::rank()) return false;
  return ++failed_polls_[{need.comm, need.source}] >= kPollsOfAWait;
}

bool Agent::Impl::polled(const std::vector<mpi::Need>& needs) {
  Lock lock(mutex_);
  if (!pending_) return true;
  const bool may_stop = targets_met();
  if (!may_stop) {
    needs_ = described(needs);
    needs_.erase(std::remove_if(needs_.begin(), needs_.end(),
                                [this](const ChannelNeed& need) { return !is_waited_for(need); }),
                 needs_.end());
    weighed_ = true;
    drain(lock);
    if (pending_) publish();
  }
  lock.unlock();
  if (may_stop && hooks_.request_safe_point != nullptr) hooks_.request_safe_point();
  return may_stop;
}

void Agent::Impl::advanced() {
  const Lock lock(mutex_);
  if (!pending_) return;
  waits_since_ = std::chrono::steady_clock::now();
  publish();
}

void Agent::Impl::left_collective(mpi::CommInfo& comm) {
  const Lock lock(mutex_);
  if (!pending_) return;
  const auto waited = std::chrono::steady_clock::now() - waits_since_;
  if (waited >= kLongCollective && !comm.inter()) comm.arrivals.held_up_cut = true;
}

void Agent::Impl::call_done() {
  if (mpi::session::active()) mpi::drained_notices::update();
  bool may_stop = false;
  {
    const Lock lock(mutex_);
    if (!pending_) return;
    needs_.clear();
    may_stop = targets_met();
    publish();
  }
  if (may_stop && hooks_.request_safe_point != nullptr) hooks_.request_safe_point();
}

std::string Agent::Impl::line() { return hooks_.line != nullptr ? hooks_.line() : ""; }

// ---- after the script

void Agent::Impl::script_done() {
  if (in_other_process()) return;
  Lock lock(mutex_);
  if (pending_ && prepare_asked_) answer_prepare();
  state_ = RankState::kDone;
  needs_.clear();
  call_.clear();
  eligible_ = pending_ && targets_met();
  publish(true);
  while (!quit_) {
    if (pending_) {
      one_round(lock);
      continue;
    }
    lock.unlock();
    make_progress();
    lock.lock();
    if (!quit_ && !pending_) changed_.wait_for(lock, kProgress);
  }
}

}  // namespace chkpt::cut
