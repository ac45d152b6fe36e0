// SPDX-License-Identifier: BSD-3-Clause
// The control thread of a rank: it takes the coordinator's messages and says how this rank stands
// when the main thread cannot. It never calls MPI or Python, except hooks that say they allow it.
#include <unistd.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/wait_for.hpp"
#include "cut/agent_impl.hpp"
#include "mpi/interpose/deferrals.hpp"
#include "mpi/interpose/epochs.hpp"
#include "mpi/interpose/registry.hpp"
#include "mpi/interpose/thread_calls.hpp"
#include "mpi/session.hpp"

namespace chkpt::cut {
namespace {

// How often a running rank's clocks are looked at while a cut is pending.
constexpr int kSample_ms = 2;
constexpr unsigned kLauncherPatience_s = 5;  // longer than the coordinator's

void clear_event(int fd) {
  std::uint64_t value = 0;
  const ssize_t n = ::read(fd, &value, sizeof value);
  (void)n;  // nonblocking: it may have been cleared already
}

}  // namespace

// A frozen rank does not move: there is nothing to look at until somebody speaks.
int Agent::Impl::sample_ms() {
  const Lock lock(mutex_);
  return pending_ && !frozen_ ? kSample_ms : -1;
}

// While a cut is pending. A rank that has run on for its epoch, or for another thread's calls, may
// not come by a safe point of its own accord once it may stand.
void Agent::Impl::look_again() {
  bool may_stand_now = false;
  {
    const Lock lock(mutex_);
    if (!pending_ || frozen_) return;
    publish();
    may_stand_now = !is_held_up() && (held_up_ || mpi::thread_calls::unsettled());
    if (may_stand_now) held_up_ = false;
  }
  if (may_stand_now && hooks_.request_safe_point != nullptr) hooks_.request_safe_point();
}

bool Agent::Impl::is_held_up() { return mpi::epochs::any() || mpi::thread_calls::busy(); }

void Agent::Impl::run_control() {
  while (!quit_) {
    pollfd entries[3] = {
        {link_.fd(), POLLIN, 0}, {wake_fd_, POLLIN, 0}, {signal_fd_.get(), POLLIN, 0}};
    const int n = wait_for_any(entries, 3, sample_ms());
    if (n > 0 && entries[1].revents != 0) {
      clear_event(wake_fd_);
      report_written();
    }
    if (n > 0 && entries[2].revents != 0) take_signal();
    if (n > 0 && entries[0].revents != 0) {
      std::vector<Message> messages;
      const bool alive = link_.receive(&messages);
      for (Message& message : messages) on_message(message);
      if (!alive && !quit_) {
        if (leaving_) return;
        lost(link_rank_);
      }
    }
    if (pending_) look_again();
  }
}

void Agent::Impl::lost(int rank) const {
  ::sleep(kLauncherPatience_s);
  pollfd told_to_stop = {signal_fd_.get(), POLLIN, 0};
  wait_for_any(&told_to_stop, 1, static_cast<int>(config_.lost_patience_s * 1e3));
  log::error("lost the connection to rank " + std::to_string(rank) + "; ending this rank");
  ::_exit(kExitScriptFailed);
}

void Agent::Impl::on_message(Message& message) {
  const MessageType type = message.type;
  const std::uint64_t epoch = message.epoch;
  if (type == MessageType::kLost) lost(static_cast<int>(message.number));
  bool arm = false;
  {
    const Lock lock(mutex_);
    switch (type) {
      case MessageType::kRequest:
        on_request(message);
        arm = true;
        break;
      case MessageType::kAllKnow:
        known_to_all_ = known_to_all_ || message.epoch == epoch_;
        break;
      case MessageType::kAdvance:
        on_advance(message);
        arm = true;
        break;
      case MessageType::kPrepare:
        prepare_asked_ = known_to_all_ = true;
        // Otherwise the main thread answers: only it knows whether it still stands.
        if (state_ == RankState::kRunning) answer_prepare();
        break;
      case MessageType::kUnfreeze:
        frozen_ = false;
        publish(true);
        arm = true;
        break;
      case MessageType::kPhase:
        if (message.phase == Phase::kLeave) leaving_ = true;
        (message.behind ? behind_ : order_) = message;
        writing_ = writing_ || message.behind;
        break;
      case MessageType::kResume:
        on_resume(message);
        break;
      case MessageType::kExit:
        leaving_ = true;
        quit_ = true;
        break;
      case MessageType::kEnd:
        ::_exit(static_cast<int>(message.number));
      default:
        break;
    }
    changed_.notify_all();
  }
  if (type == MessageType::kPhase && message.behind) begin_writing(message);
  if (type == MessageType::kOutcome) on_outcome(message);
  if (type == MessageType::kWhy) answer_why(epoch);
  if (arm && hooks_.request_safe_point != nullptr) hooks_.request_safe_point();
  if (type == MessageType::kResume && hooks_.cancel_safe_point != nullptr && !wants_api()) {
    hooks_.cancel_safe_point();
  }
}

void Agent::Impl::on_request(const Message& message) {
  epoch_ = message.epoch;
  clock_targets_.clear();
  channel_targets_.clear();
  any_targets_.clear();
  new_any_targets_.clear();
  reception_targets_.clear();
  failed_polls_.clear();
  api_target_ = 0;
  waits_since_ = requested_at_ = std::chrono::steady_clock::now();
  frozen_ = prepare_asked_ = known_to_all_ = false;
  order_.reset();
  mpi::thread_calls::begin_cut();
  // Nothing is asked of this rank yet; where it stands it may stay.
  eligible_ = state_ == RankState::kDone;
  weighed_ = false;
  set_pending(true);
  publish(true);
}

void Agent::Impl::on_advance(const Message& message) {
  if (message.epoch != epoch_) return;
  for (const Target& target : message.targets) {
    const Channel channel{target.comm, target.peer};
    switch (target.kind) {
      case TargetKind::kClock: {
        auto& value = clock_targets_[target.comm];
        value = std::max(value, target.value);
        break;
      }
      case TargetKind::kChannel: {
        auto& value = channel_targets_[channel];
        value = std::max(value, target.value);
        break;
      }
      case TargetKind::kAny:
        if (target.value == kOnItsOwn) {
          if (any_targets_.emplace(channel, kOnItsOwn).second) rested_since_ = {};
        } else {
          new_any_targets_.push_back(channel);
        }
        break;
      case TargetKind::kAnyCancel:
        any_targets_.erase(channel);
        new_any_targets_.erase(
            std::remove(new_any_targets_.begin(), new_any_targets_.end(), channel),
            new_any_targets_.end());
        break;
      case TargetKind::kReception:
        reception_targets_.push_back({channel, target.tag, target.value});
        break;
      case TargetKind::kApi:
        api_target_ = target.value;
        break;
    }
  }
  // The main thread compares the targets with its counters and says so again.
  eligible_ = weighed_ = false;
}

void Agent::Impl::on_resume(const Message& message) {
  api_satisfied_ = std::max<std::uint64_t>(api_satisfied_, message.number);
  api_after_cut_ = 0;
  frozen_ = prepare_asked_ = false;
  order_.reset();
  set_pending(false);
}

// ---- writing behind the main thread

void Agent::Impl::begin_writing(const Message& order) {
  const auto done = [this](const Report& report) {
    const Lock lock(mutex_);
    writing_ = false;
    written_ = report;
    wake(wake_fd_, 1);
    changed_.notify_all();
  };
  try {
    work_->write_behind(info_of(order), done);
  } catch (const std::exception& error) {
    done({false, error.what(), ""});
  }
}

// Here, since the link may not be the same descriptor in the thread that has written.
void Agent::Impl::report_written() {
  const Lock lock(mutex_);
  if (!written_ || !behind_) return;
  Message answer;
  answer.type = MessageType::kReport;
  answer.epoch = behind_->epoch;
  answer.phase = Phase::kWrite;
  answer.ok = written_->ok;
  answer.text = written_->message;
  answer.payload = written_->payload;
  written_.reset();
  send(answer);
}

void Agent::Impl::on_outcome(const Message& message) {
  CutInfo info;
  {
    const Lock lock(mutex_);
    if (!behind_) return;
    info = info_of(*behind_);
  }
  work_->committed(info, message.ok, message.text);
  const Lock lock(mutex_);
  behind_.reset();
  changed_.notify_all();
}

void Agent::Impl::settle(double seconds) {
  if (in_other_process()) return;
  Lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::duration<double>(seconds),
                    [this] { return !behind_ || quit_; });
}

void Agent::Impl::answer_why(std::uint64_t epoch) {
  std::string call;
  std::string why_not;
  RankState state = RankState::kRunning;
  {
    const Lock lock(mutex_);
    state = state_;
    if (state == RankState::kBlocked) {
      call = call_;
      why_not = why_not_restartable_;
    }
  }
  const char* native = mpi::g_native_call.load();
  if (call.empty() && native != nullptr) call = native;
  if (mpi::thread_calls::busy()) {
    why_not += std::string(why_not.empty() ? "" : ", ") +
               "while another thread is busy with MPI (" + mpi::thread_calls::last_call() + ")";
  }
  Message answer;
  answer.type = MessageType::kBecause;
  answer.epoch = epoch;
  if (state == RankState::kDone) {
    answer.text = "its script has ended";
  } else if (state == RankState::kParked) {
    answer.text = "stands at a safe point, but waits for others";
  } else {
    answer.text = call.empty() ? "running" : "in " + call;
    const std::string place = hooks_.where != nullptr ? hooks_.where() : "";
    if (!place.empty()) answer.text += " (" + place + ")";
    if (!why_not.empty()) answer.text += ", " + why_not;
  }
  const Lock lock(mutex_);
  send(answer);
}

// ---- under mutex_, either thread

Status Agent::Impl::make_status() const {
  Status status;
  status.state = state_;
  status.eligible = eligible_ && state_ != RankState::kRunning;
  if (weighed_) status.needs = needs_;
  status.call = call_;
  status.api_calls = api_calls_;
  status.api_satisfied = api_satisfied_;
  if (mpi::session::active()) {
    if (const char* native = mpi::g_native_call.load(std::memory_order_relaxed)) {
      status.call = native;
    }
    mpi::registry().for_each_clock([&](const mpi::CommId& id, std::uint64_t value) {
      status.clocks.push_back({id, value, {}});
    });
    for (mpi::JointClock& clock : mpi::registry().joint_clocks()) {
      status.clocks.push_back({std::move(clock.id), clock.value, std::move(clock.members)});
    }
    status.sent = mpi::registry().total_sent();
    status.received = mpi::registry().total_received();
    if (mpi::thread_calls::busy()) {
      for (const mpi::CommId& id : mpi::thread_calls::used()) {
        status.needs.push_back({id, -1, kOnItsOwn, 0, 0});
      }
    }
    status.deferral = mpi::deferrals::current();
    if (status.deferral.empty() && pending_) {
      const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - requested_at_;
      status.deferral = mpi::epochs::outlasting(waited.count());
    }
    if (status.deferral.empty() && pending_ && mpi::thread_calls::message_waits()) {
      status.deferral = "a message that another thread has not received";
    }
    if (status.deferral.empty() && mpi::session::size() != ranks_) {
      status.deferral = "MPI was started by the script itself in a job of several ranks";
    }
  }
  return status;
}

void Agent::Impl::publish(bool always) {
  // Freed communicators first: a status without their clocks must not arrive before the reason.
  if (mpi::session::active()) {
    Message freed;
    freed.type = MessageType::kFreedComms;
    for (auto& [id, members] : mpi::registry().take_freed()) {
      freed.freed.push_back({std::move(id), members, 1});
    }
    if (!freed.freed.empty()) send(freed);
  }
  Message message;
  message.type = MessageType::kStatus;
  message.epoch = epoch_;
  message.status = make_status();
  std::string bytes = encode(message);
  if (!always && bytes == last_status_) return;
  last_status_ = std::move(bytes);
  send(message);
}

void Agent::Impl::send(const Message& message) {
  // A broken link is noticed by the control thread when it reads.
  link_.send(message);
}

void Agent::Impl::set_pending(bool pending) {
  pending_ = pending;
  mpi::gate::g_pending = pending;
}

}  // namespace chkpt::cut
