// SPDX-License-Identifier: BSD-3-Clause
#include "cut/agent.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/error.hpp"
#include "base/log.hpp"
#include "cut/agent_impl.hpp"
#include "mpi/session.hpp"

namespace chkpt::cut {
namespace {

constexpr std::uint64_t kStopSignal = std::uint64_t{1} << 32;

UniqueFd event_fd() {
  UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) throw IoError("cannot make an event descriptor", errno);
  return fd;
}

}  // namespace

std::string trigger_text(const Trigger& trigger) {
  switch (trigger.kind) {
    case TriggerKind::kInterval:
      return "interval";
    case TriggerKind::kSignal:
      return "signal";
    case TriggerKind::kApi:
      return "api:" + trigger.name;
    case TriggerKind::kDeadline:
      return "deadline";
    case TriggerKind::kRequest:
      break;
  }
  return "request";
}

Agent::Agent() = default;

Agent::~Agent() { stop(); }

void Agent::start(const Config& config, const PythonHooks& hooks, Work* work) {
  impl_ = std::make_unique<Impl>(config, hooks, work, adopted_);
}

void Agent::trigger(const Trigger& trigger) {
  if (impl_) impl_->send_trigger(trigger);
}

void Agent::trigger_from_signal(bool stop) {
  if (impl_) impl_->trigger_from_signal(stop);
}

void Agent::set_interval(double seconds) {
  if (impl_) impl_->send_interval(seconds);
}

void Agent::at_safe_point(void* context) {
  if (impl_) impl_->at_safe_point(context);
}

bool Agent::api_snapshot(const std::string& name, bool wait) {
  return impl_ && impl_->api_snapshot(name, wait);
}

void Agent::script_done() {
  if (impl_) impl_->script_done();
}

void Agent::settle(double seconds) {
  if (impl_) impl_->settle(seconds);
}

void Agent::stop() {
  if (!impl_) return;
  if (impl_->in_other_process()) {
    impl_.release();  // NOLINT: its threads and locks are the parent's
  } else {
    impl_.reset();
  }
}

AgentState Agent::state() const { return impl_ ? impl_->state() : adopted_; }
void Agent::adopt(const AgentState& state) { adopted_ = state; }

Agent::Impl::Impl(Config config, const PythonHooks& hooks, Work* work, const AgentState& state)
    : config_(std::move(config)),
      hooks_(hooks),
      work_(work),
      pid_(::getpid()),
      own_wake_fd_(config_.wake_descriptor < 0 ? event_fd() : UniqueFd()),
      wake_fd_(own_wake_fd_ ? own_wake_fd_.get() : config_.wake_descriptor),
      signal_fd_(event_fd()),
      api_calls_(state.api_calls),
      api_satisfied_(state.api_satisfied) {
  connect();
  mpi::gate::set_keeper(this);
  const BlockedSignals blocked;
  control_ = std::thread([this] { run_control(); });
}

void Agent::Impl::wake(int fd, std::uint64_t value) {
  const int saved = errno;
  // Can only fail when the counter is full, and then the reader is awake anyway.
  const ssize_t written = ::write(fd, &value, sizeof value);
  (void)written;
  errno = saved;
}

void Agent::Impl::connect() {
  Connections made;
  if (mpi::session::active() && mpi::session::size() > 1) {
    ranks_ = mpi::session::size();
    made = connect_ranks(config_.fan_out);
    if (made.ports.empty()) {
      link_ = std::move(made.up);
      link_rank_ = made.parent;
      return;
    }
  }
  auto [own, other] = make_link_pair();
  link_ = std::move(own);
  link_rank_ = mpi::session::rank();
  made.ports.push_back({link_rank_, RankSet{link_rank_}, std::move(other)});
  if (made.parent >= 0) {
    relay_ = std::make_unique<RelayThread>(std::move(made));
  } else {
    coordinator_ = std::make_unique<CoordinatorThread>(std::move(made.ports), config_, work_);
  }
}

Agent::Impl::~Impl() {
  {
    Lock lock(mutex_);
    changed_.wait(lock, [this] { return !writing_; });
  }
  quit_ = true;
  wake(wake_fd_, 1);
  control_.join();
  set_pending(false);
  mpi::gate::set_keeper(nullptr);
}

bool Agent::Impl::in_other_process() const { return ::getpid() != pid_; }

void Agent::Impl::send_trigger(const Trigger& trigger, std::uint64_t number) {
  if (in_other_process()) return;
  Message message;
  message.type = MessageType::kTrigger;
  message.trigger = trigger;
  message.number = number;
  const Lock lock(mutex_);
  send(message);
}

void Agent::Impl::send_interval(double seconds) {
  if (in_other_process()) return;
  Message message;
  message.type = MessageType::kSetInterval;
  message.seconds = seconds;
  const Lock lock(mutex_);
  send(message);
}

void Agent::Impl::trigger_from_signal(bool stop) const {
  if (in_other_process()) return;
  wake(signal_fd_.get(), stop ? kStopSignal : 1);
}

void Agent::Impl::take_signal() {
  std::uint64_t value = 0;
  if (::read(signal_fd_.get(), &value, sizeof value) != sizeof value) return;
  const Trigger trigger{TriggerKind::kSignal, "", value >= kStopSignal};
  send_trigger(trigger, kFromOutside);
  // Twice means something else (Coordinator::ask_who_blocks), also when it is read at once.
  if (value >= 2 * kStopSignal) send_trigger(trigger, kFromOutside);
}

// A checkpoint is resumed after its cut: what that satisfies counts already.
AgentState Agent::Impl::state() const {
  return {api_calls_, std::max<std::uint64_t>(api_satisfied_, api_after_cut_)};
}

}  // namespace chkpt::cut
