// SPDX-License-Identifier: BSD-3-Clause
#include "cut/coordinator.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace chkpt::cut {
namespace {

constexpr double kWhyPatience_s = 1;
constexpr double kLongestBackoff_s = 30;

std::string seconds_text(double seconds) {
  if (seconds >= 1) return std::to_string(std::lround(seconds)) + " s";
  return std::to_string(std::lround(seconds * 1000)) + " ms";
}

RankSet all_of(const std::vector<RankSet>& ports) {
  RankSet all;
  for (const RankSet& port : ports) all.add(port);
  return all;
}

}  // namespace

Coordinator::Coordinator(std::vector<RankSet> ports, Config config, Time start)
    : ports_(std::move(ports)),
      everybody_(all_of(ports_)),
      ranks_(everybody_.size()),
      config_(std::move(config)),
      time_(start),
      random_(config_.interval_seed),
      statuses_(ports_.size()),
      prepared_(ports_.size()),
      reports_(ports_.size()) {
  next_interval_ = start.now + next_wait();
}

double Coordinator::next_wait() {
  if (config_.interval_seed == 0) return config_.interval_s;
  return std::uniform_real_distribution<double>(0, 2 * config_.interval_s)(random_);
}

// Statuses are looked at here and not one by one: many come at a time.
Outputs Coordinator::take_outputs() {
  if (std::exchange(statuses_new_, false) && state_ == State::kCollect) {
    consider();
    start_if_wanted();
  }
  return std::exchange(outputs_, {});
}

void Coordinator::send(Message message) {
  Output output;
  output.message = std::move(message);
  outputs_.push_back(std::move(output));
}

Message Coordinator::message(MessageType type) const {
  Message made;
  made.type = type;
  made.epoch = epoch_;
  return made;
}

// ---- what comes in

void Coordinator::receive(std::size_t port, Message message, Time time) {
  time_ = time;
  if (message.ranks.empty()) message = spoken_by(ports_[port].lowest(), std::move(message));
  switch (message.type) {
    case MessageType::kTrigger:
      on_trigger(message);
      break;
    case MessageType::kSetInterval:
      config_.interval_s = message.seconds;
      next_interval_ = time_.now + next_wait();
      break;
    case MessageType::kFreedComms:
      planner_.freed(message.freed);
      break;
    case MessageType::kStatus:
      on_status(port, message);
      break;
    case MessageType::kPrepared:
      on_prepared(port, message);
      break;
    case MessageType::kReport:
      on_report(port, message);
      break;
    case MessageType::kBecause:
      on_because(message);
      break;
    default:
      break;
  }
  start_if_wanted();
}

void Coordinator::on_trigger(const Message& message) {
  if (message.trigger.kind == TriggerKind::kApi) {
    // Another rank's snapshot() of the same number has been served already.
    if (message.number <= api_satisfied_) return;
    api_called_ = std::max(api_called_, message.number);
    api_waits_ = api_waits_ || message.trigger.wait;
  }
  if (message.trigger.kind == TriggerKind::kSignal && message.number == kFromOutside) {
    if (signalled_.meets(message.ranks)) ask_who_blocks();
    signalled_.add(message.ranks);
  }
  want(message.trigger);
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
  if (state_ == State::kCollect && config_.ask_after_s > 0 && !asked_unasked_ &&
      since_request >= config_.ask_after_s) {
    asked_unasked_ = true;
    ask_who_blocks();
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
  if (state_ == State::kCollect && config_.ask_after_s > 0 && !asked_unasked_) {
    at(requested_.now + config_.ask_after_s);
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
    send(message(MessageType::kExit));
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
  statuses_.forget();
  census_ = {};
  must_run_ = {};
  committed_ = false;
  slow_comms_.clear();
  api_waiting_ = false;
  asked_unasked_ = false;
  planner_.begin_epoch();
  known_to_all_ = false;
  send(message(MessageType::kRequest));
}

// ---- coming to a stop

void Coordinator::on_status(std::size_t port, Message& message) {
  done_.add(message.census.done);
  if (message.epoch != epoch_ || (state_ != State::kCollect && state_ != State::kPrepare)) return;
  statuses_.add(port, std::move(message));
  statuses_new_ = true;
}

bool Coordinator::deferred() {
  if (census_.deferring_rank < 0) return false;
  skip(at_rank(census_.deferral, census_.deferring_rank));
  return true;
}

bool Coordinator::waits_for_api() const {
  return time_.now - requested_.now < config_.api_wait_s && largest_api() > api_satisfied_;
}

void Coordinator::consider() {
  const bool all_known = statuses_.speakers() == ranks_;
  if (!all_known && !statuses_.deferred()) return;
  census_ = statuses_.joined().census;
  // A resumed job's ranks know what an earlier coordinator had served.
  api_satisfied_ = std::max(api_satisfied_, census_.api_satisfied);
  if (deferred() || !all_known) return;
  api_waiting_ = waits_for_api();
  Plan plan = planner_.plan(census_, api_waiting_);
  must_run_ = std::move(plan.must_run);
  if (!known_to_all_ && !plan.ready) send(message(MessageType::kAllKnow));
  known_to_all_ = true;
  if (!plan.advance.empty()) {
    Message advance = message(MessageType::kAdvance);
    advance.targets = std::move(plan.advance);
    send(std::move(advance));
  }
  if (!plan.ready) return;
  state_ = State::kPrepare;
  prepared_.forget();
  send(message(MessageType::kPrepare));
}

void Coordinator::on_prepared(std::size_t port, Message& message) {
  if (state_ != State::kPrepare || message.epoch != epoch_) return;
  prepared_.add(port, std::move(message));
  if (prepared_.speakers() != ranks_) return;
  Message answers = prepared_.joined();
  census_ = std::move(answers.census);
  // Sums of earlier statuses are not enough: a rank may have woken, sent, and be compensated by the
  // message's receipt. These were taken with everybody frozen.
  if (!answers.ok || census_.deferring_rank >= 0 || !planner_.holds(census_)) {
    back_to_collect();
    return;
  }
  cut_ms_ = (time_.now - requested_.now) * 1e3;
  ++attempt_;
  begin_phase(Phase::kVerify);
}

void Coordinator::back_to_collect() {
  state_ = State::kCollect;
  statuses_.forget();
  send(message(MessageType::kUnfreeze));
}

// ---- no cut

void Coordinator::ask_why() {
  census_ = statuses_.joined().census;
  RankSet standing = census_.eligible;
  standing.remove(must_run_);
  asked_why_ = everybody_;
  asked_why_.remove(standing);
  silent_ = asked_why_;
  because_.clear();
  if (silent_.empty()) return;
  Message why = message(MessageType::kWhy);
  why.ranks = silent_;
  send(std::move(why));
}

std::string Coordinator::reasons() const {
  std::map<int, const Answer*> in_order;
  const char* silence = silent_.size() > 1 ? "do not answer" : "does not answer";
  const Answer silent{silent_, false, silence, ""};
  for (const Answer& answer : because_) in_order[answer.ranks.lowest()] = &answer;
  if (!silent_.empty()) in_order[silent_.lowest()] = &silent;
  std::string text;
  for (const auto& [lowest, answer] : in_order) {
    text += "; " + text_of(answer->ranks) + ": " + answer->text;
  }
  return text;
}

// A second signal, or a request file, while the ranks are still coming to a stop.
void Coordinator::ask_who_blocks() {
  if (state_ != State::kCollect || asked_) return;
  asked_ = time_.now;
  ask_why();
  if (silent_.empty()) say_who_blocks();
}

void Coordinator::say_who_blocks() {
  asked_.reset();
  if (state_ != State::kCollect && state_ != State::kPrepare) return;  // nobody does any more
  Output output;
  output.what = Output::What::kWaiting;
  output.text = "no common stop after " + seconds_text(time_.now - requested_.now) + reasons();
  outputs_.push_back(std::move(output));
}

void Coordinator::give_up() {
  state_ = State::kGivingUp;
  asked_.reset();
  ask_why();
  if (silent_.empty()) skip("");
}

void Coordinator::on_because(const Message& message) {
  if (message.epoch != epoch_ || (!asked_ && state_ != State::kGivingUp)) return;
  Message said;
  said.answers = std::move(because_);
  join(&said, message);
  because_ = std::move(said.answers);
  silent_.remove(message.ranks);
  if (!silent_.empty()) return;
  if (asked_) {
    say_who_blocks();
  } else {
    skip("");
  }
}

// An empty text: the ranks did not come to a stop; because_ says why.
void Coordinator::skip(const std::string& text) {
  std::string reason = text;
  if (reason.empty()) {
    reason = "no common stop within " + seconds_text(config_.cut_timeout_s) + reasons();
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
  release();
  if (committed_) tidy();  // the ranks need not wait for it
  become_idle();
}

// The ranks run on.
void Coordinator::release() {
  api_satisfied_ = satisfied_after();
  api_waits_ = false;
  Message order = message(MessageType::kResume);
  order.number = api_satisfied_;
  send(std::move(order));
  asked_.reset();
  if (!wanted_) signalled_ = {};
  next_interval_ = time_.now + next_wait();
}

void Coordinator::become_idle() {
  state_ = State::kIdle;
  start_if_wanted();
}

std::string Coordinator::at_rank(const std::string& text, int rank) const {
  return ranks_ == 1 ? text : text + " on rank " + std::to_string(rank);
}

std::uint64_t Coordinator::satisfied_after() const {
  return std::max({api_satisfied_, api_called_, largest_api()});
}

bool Coordinator::everybody_done() const { return done_ == everybody_; }

std::uint64_t Coordinator::largest_api() const {
  return census_.api_calls.empty() ? 0 : census_.api_calls.rbegin()->first;
}

}  // namespace chkpt::cut
