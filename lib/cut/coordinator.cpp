// SPDX-License-Identifier: BSD-3-Clause
#include "cut/coordinator.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace chkpt::cut {
namespace {

constexpr double kWhyPatience_s = 1;
constexpr double kLongestBackoff_s = 30;

std::string seconds_text(double seconds) {
  if (seconds >= 1) return std::to_string(std::lround(seconds)) + " s";
  return std::to_string(std::lround(seconds * 1000)) + " ms";
}

}  // namespace

Coordinator::Coordinator(int ranks, Config config, Time start)
    : ranks_(static_cast<std::size_t>(ranks)),
      config_(std::move(config)),
      planner_(ranks),
      time_(start),
      random_(config_.interval_seed) {
  next_interval_ = start.now + next_wait();
  done_.assign(ranks_, false);
  statuses_.resize(ranks_);
  known_.assign(ranks_, false);
  signalled_.assign(ranks_, false);
}

double Coordinator::next_wait() {
  if (config_.interval_seed == 0) return config_.interval_s;
  return std::uniform_real_distribution<double>(0, 2 * config_.interval_s)(random_);
}

Outputs Coordinator::take_outputs() { return std::exchange(outputs_, {}); }

void Coordinator::send(int rank, Message message) {
  Output output;
  output.rank = rank;
  output.message = std::move(message);
  outputs_.push_back(std::move(output));
}

void Coordinator::broadcast(const Message& message) {
  for (std::size_t r = 0; r < ranks_; ++r) send(static_cast<int>(r), message);
}

Message Coordinator::message(MessageType type) const {
  Message made;
  made.type = type;
  made.epoch = epoch_;
  return made;
}

// ---- what comes in

void Coordinator::receive(int rank, Message message, Time time) {
  time_ = time;
  switch (message.type) {
    case MessageType::kTrigger:
      if (message.trigger.kind == TriggerKind::kApi) {
        // Another rank's snapshot() of the same number has been served already.
        if (message.number <= api_satisfied_) break;
        api_called_ = std::max(api_called_, message.number);
      }
      if (message.trigger.kind == TriggerKind::kSignal && message.number == kFromOutside) {
        const auto r = static_cast<std::size_t>(rank);
        if (signalled_[r]) ask_who_blocks();
        signalled_[r] = true;
      }
      want(message.trigger);
      break;
    case MessageType::kSetInterval:
      config_.interval_s = message.seconds;
      next_interval_ = time_.now + next_wait();
      break;
    case MessageType::kFreedComms:
      planner_.freed(message.freed);
      break;
    case MessageType::kStatus:
      on_status(rank, message);
      break;
    case MessageType::kPrepared:
      on_prepared(rank, message);
      break;
    case MessageType::kReport:
      on_report(rank, message);
      break;
    case MessageType::kBecause:
      on_because(rank, message);
      break;
    default:
      break;
  }
  start_if_wanted();
}

void Coordinator::trigger(const Trigger& trigger, Time time) {
  time_ = time;
  if (trigger.kind == TriggerKind::kRequest) ask_who_blocks();
  want(trigger);
  start_if_wanted();
}

void Coordinator::tick(Time time) {
  time_ = time;
  if (config_.interval_s > 0 && time_.now >= next_interval_) {
    next_interval_ = time_.now + next_wait();
    if (state_ == State::kIdle) want({TriggerKind::kInterval, "", false});
  }
  const double since_request = time_.now - requested_.now;
  if (state_ == State::kCollect || state_ == State::kPrepare) {
    if (since_request >= config_.cut_timeout_s) {
      give_up();
    } else if (state_ == State::kCollect && api_waiting_ && !waits_for_api()) {
      consider();
    }
  } else if (state_ == State::kGivingUp &&
             since_request >= config_.cut_timeout_s + kWhyPatience_s) {
    skip("");
  }
  if (asked_ && time_.now >= *asked_ + kWhyPatience_s) say_who_blocks();
  start_if_wanted();
}

std::optional<double> Coordinator::next_wakeup() const {
  std::optional<double> due;
  const auto at = [&due](double when) { due = due ? std::min(*due, when) : when; };
  if (config_.interval_s > 0) at(next_interval_);
  if (state_ == State::kIdle && wanted_) at(not_before_);
  if (state_ == State::kCollect && api_waiting_) at(requested_.now + config_.api_wait_s);
  if (state_ == State::kCollect || state_ == State::kPrepare) {
    at(requested_.now + config_.cut_timeout_s);
  }
  if (asked_) at(*asked_ + kWhyPatience_s);
  if (state_ == State::kGivingUp) at(requested_.now + config_.cut_timeout_s + kWhyPatience_s);
  return due;
}

// ---- triggers

// One signal to the job reaches every rank: what comes while a cut is being made ready joins it.
void Coordinator::want(const Trigger& trigger) {
  Trigger* into = nullptr;
  if (state_ == State::kCollect || state_ == State::kPrepare) {
    into = &trigger_;
  } else if (wanted_) {
    into = &*wanted_;
  }
  if (into == nullptr) {
    wanted_ = trigger;
    not_before_ = time_.now;
    backoff_s_ = 1;
    return;
  }
  if (trigger.stop && !into->stop) *into = trigger;
  if (into->kind == TriggerKind::kInterval && trigger.kind != TriggerKind::kInterval) {
    const bool stop = into->stop;
    *into = trigger;
    into->stop = into->stop || stop;
  }
}

void Coordinator::start_if_wanted() {
  if (state_ != State::kIdle) return;
  if (everybody_done()) {
    broadcast(message(MessageType::kExit));
    Output quit;
    quit.what = Output::What::kQuit;
    outputs_.push_back(quit);
    state_ = State::kLeaving;
    return;
  }
  if (!wanted_ || time_.now < not_before_) return;
  trigger_ = *wanted_;
  wanted_.reset();
  ++epoch_;
  requested_ = time_;
  state_ = State::kCollect;
  known_.assign(ranks_, false);
  must_run_.assign(ranks_, false);
  committed_ = false;
  verified_ = false;
  slow_comms_.clear();
  api_waiting_ = false;
  planner_.begin_epoch();
  broadcast(message(MessageType::kRequest));
}

// ---- coming to a stop

void Coordinator::on_status(int rank, Message& message) {
  const auto r = static_cast<std::size_t>(rank);
  if (message.status.state == RankState::kDone) done_[r] = true;
  if (message.epoch != epoch_ || (state_ != State::kCollect && state_ != State::kPrepare)) return;
  statuses_[r] = std::move(message.status);
  known_[r] = true;
  // A resumed job's ranks know what an earlier coordinator had served.
  api_satisfied_ = std::max(api_satisfied_, statuses_[r].api_satisfied);
  if (state_ == State::kCollect) consider();
}

bool Coordinator::deferred() {
  for (std::size_t r = 0; r < ranks_; ++r) {
    if (known_[r] && !statuses_[r].deferral.empty()) {
      skip(at_rank(statuses_[r].deferral, r));
      return true;
    }
  }
  return false;
}

bool Coordinator::waits_for_api() const {
  return time_.now - requested_.now < config_.api_wait_s && largest_api() > api_satisfied_;
}

void Coordinator::consider() {
  if (deferred() || !all(known_)) return;
  api_waiting_ = waits_for_api();
  Plan plan = planner_.plan(statuses_, api_waiting_);
  must_run_ = plan.must_run;
  for (std::size_t r = 0; r < ranks_; ++r) {
    if (plan.advance[r].empty()) continue;
    Message advance = message(MessageType::kAdvance);
    advance.targets = std::move(plan.advance[r]);
    send(static_cast<int>(r), std::move(advance));
  }
  if (!plan.ready) return;
  state_ = State::kPrepare;
  answered_.assign(ranks_, false);
  all_prepared_ok_ = true;
  broadcast(message(MessageType::kPrepare));
}

void Coordinator::on_prepared(int rank, Message& message) {
  if (state_ != State::kPrepare || message.epoch != epoch_) return;
  const auto r = static_cast<std::size_t>(rank);
  statuses_[r] = std::move(message.status);
  answered_[r] = true;
  all_prepared_ok_ = all_prepared_ok_ && message.ok && statuses_[r].deferral.empty();
  if (!all(answered_)) return;
  // Sums of earlier statuses are not enough: a rank may have woken, sent, and be compensated by the
  // message's receipt. These were taken with everybody frozen.
  if (!all_prepared_ok_ || !planner_.holds(statuses_)) {
    back_to_collect();
    return;
  }
  cut_ms_ = (time_.now - requested_.now) * 1e3;
  ++attempt_;
  begin_phase(Phase::kVerify);
}

void Coordinator::back_to_collect() {
  state_ = State::kCollect;
  known_.assign(ranks_, false);
  broadcast(message(MessageType::kUnfreeze));
}

// ---- no cut

void Coordinator::ask_why(std::vector<bool>* answered) {
  answered->assign(ranks_, true);
  because_.assign(ranks_, "");
  for (std::size_t r = 0; r < ranks_; ++r) {
    if (known_[r] && !must_run_[r] && statuses_[r].eligible) continue;
    (*answered)[r] = false;
    send(static_cast<int>(r), message(MessageType::kWhy));
  }
}

std::string Coordinator::reasons(const std::vector<bool>& answered) const {
  std::string text;
  for (std::size_t r = 0; r < ranks_; ++r) {
    if (answered[r] && because_[r].empty()) continue;
    const std::string why = answered[r] ? because_[r] : "does not answer";
    text += "; rank " + std::to_string(r) + ": " + why;
  }
  return text;
}

// A second signal, or a request file, while the ranks are still coming to a stop.
void Coordinator::ask_who_blocks() {
  if (state_ != State::kCollect || asked_) return;
  asked_ = time_.now;
  ask_why(&explained_);
  if (all(explained_)) say_who_blocks();
}

void Coordinator::say_who_blocks() {
  asked_.reset();
  if (state_ != State::kCollect && state_ != State::kPrepare) return;  // nobody does any more
  Output output;
  output.what = Output::What::kWaiting;
  output.text =
      "no common stop after " + seconds_text(time_.now - requested_.now) + reasons(explained_);
  outputs_.push_back(std::move(output));
}

void Coordinator::give_up() {
  state_ = State::kGivingUp;
  asked_.reset();
  ask_why(&answered_);
  if (all(answered_)) skip("");
}

void Coordinator::on_because(int rank, const Message& message) {
  if (message.epoch != epoch_) return;
  const auto r = static_cast<std::size_t>(rank);
  if (asked_) {
    because_[r] = message.text;
    explained_[r] = true;
    if (all(explained_)) say_who_blocks();
    return;
  }
  if (state_ != State::kGivingUp) return;
  because_[r] = message.text;
  answered_[r] = true;
  if (all(answered_)) skip("");
}

// An empty text: the ranks did not come to a stop; because_ says why.
void Coordinator::skip(const std::string& text) {
  std::string reason = text;
  if (reason.empty()) {
    reason = "no common stop within " + seconds_text(config_.cut_timeout_s) + reasons(answered_);
  }
  Output output;
  output.what = Output::What::kSkipped;
  output.trigger = trigger_;
  output.text = std::move(reason);
  outputs_.push_back(std::move(output));
  retry_later();
  resume();
}

// Who was told to save and stop (a time limit is near) must not be forgotten.
void Coordinator::retry_later() {
  if (!trigger_.stop) return;
  wanted_ = trigger_;
  not_before_ = time_.now + backoff_s_;
  backoff_s_ = std::min(2 * backoff_s_, kLongestBackoff_s);
}

void Coordinator::resume() {
  api_satisfied_ = satisfied_after();
  Message order = message(MessageType::kResume);
  order.ok = committed_;
  order.number = api_satisfied_;
  broadcast(order);
  state_ = State::kIdle;
  asked_.reset();
  if (!wanted_) signalled_.assign(ranks_, false);
  next_interval_ = time_.now + next_wait();
  start_if_wanted();
}

std::string Coordinator::at_rank(const std::string& text, std::size_t rank) const {
  return ranks_ == 1 ? text : text + " on rank " + std::to_string(rank);
}

bool Coordinator::all(const std::vector<bool>& flags) const {
  return std::all_of(flags.begin(), flags.end(), [](bool flag) { return flag; });
}

std::uint64_t Coordinator::satisfied_after() const {
  return std::max({api_satisfied_, api_called_, largest_api()});
}

bool Coordinator::everybody_done() const { return all(done_); }

std::uint64_t Coordinator::largest_api() const {
  std::uint64_t largest = 0;
  for (std::size_t r = 0; r < ranks_; ++r) {
    if (known_[r]) largest = std::max(largest, statuses_[r].api_calls);
  }
  return largest;
}

}  // namespace chkpt::cut
