// SPDX-License-Identifier: BSD-3-Clause
// The part of the coordinator that runs while everybody stands: verify, capture, write, commit,
// conclude. Each phase ends when every rank has reported.
#include "cut/coordinator.hpp"

#include <sstream>
#include <utility>

namespace chkpt::cut {

void Coordinator::begin_phase(Phase phase, const std::string& text) {
  state_ = State::kPhase;
  phase_ = phase;
  reports_.forget();
  Message order = message(MessageType::kPhase);
  order.phase = phase;
  order.number = attempt_;
  order.trigger = trigger_;
  order.seconds = cut_ms_ / 1e3;
  order.unix_ns = requested_.unix_ns;
  order.ok = committed_;
  order.text = text;
  order.status.api_satisfied = satisfied_after();
  if (phase == Phase::kConclude) {
    order.verified = verified_;
    for (const std::string& id : slow_comms_) order.payload += id + "\n";
  }
  send(std::move(order));
}

void Coordinator::on_report(std::size_t port, Message& message) {
  if (state_ != State::kPhase || message.epoch != epoch_ || message.phase != phase_) return;
  reports_.add(port, std::move(message));
  if (reports_.speakers() == ranks_) end_phase();
}

void Coordinator::end_phase() {
  if (phase_ == Phase::kConclude) {
    finish_conclude();
    return;
  }
  const Message all = reports_.joined();
  for (const Answer& answer : all.answers) {
    if (!answer.ok) {
      conclude(false, at_rank(answer.text, answer.ranks.lowest()));
      return;
    }
  }
  if (phase_ == Phase::kVerify) {
    note_slow_comms(all.answers);
    begin_phase(Phase::kCapture);
  } else if (phase_ == Phase::kCapture) {
    begin_phase(Phase::kWrite);
  } else {
    begin_commit(all.answers);
  }
}

void Coordinator::begin_commit(const std::vector<Answer>& reports) {
  state_ = State::kCommit;
  Output commit;
  commit.what = Output::What::kCommit;
  commit.info.attempt = attempt_;
  commit.info.trigger = trigger_;
  commit.info.cut_ms = cut_ms_;
  commit.info.started_unix_ns = requested_.unix_ns;
  commit.reports.resize(ranks_);
  for (const Answer& report : reports) {
    report.ranks.within(everybody_).for_each([&](int rank) {
      commit.reports[static_cast<std::size_t>(rank)] = {true, report.text, report.payload};
    });
  }
  outputs_.push_back(std::move(commit));
}

void Coordinator::note_slow_comms(const std::vector<Answer>& reports) {
  verified_ = true;
  for (const Answer& report : reports) {
    std::istringstream lines(report.payload);
    for (std::string id; std::getline(lines, id);) slow_comms_.insert(id);
  }
}

void Coordinator::commit_result(const Report& report, Time time) {
  time_ = time;
  if (state_ == State::kCommit) conclude(report.ok, report.message);
}

void Coordinator::conclude(bool ok, const std::string& text) {
  committed_ = ok;
  begin_phase(Phase::kConclude, text);
}

void Coordinator::tidy() {
  outputs_.emplace_back();
  outputs_.back().what = Output::What::kTidy;
}

void Coordinator::finish_conclude() {
  if (committed_ && trigger_.stop) {
    tidy();  // while the ranks are still there
    state_ = State::kLeaving;
    Message order = message(MessageType::kPhase);
    order.phase = Phase::kLeave;
    order.number = attempt_;
    order.trigger = trigger_;
    send(std::move(order));
    return;
  }
  if (!committed_) retry_later();
  resume();
}

}  // namespace chkpt::cut
