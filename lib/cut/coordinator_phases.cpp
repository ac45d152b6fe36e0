// SPDX-License-Identifier: BSD-3-Clause
// The part of the coordinator that runs while everybody stands, or has run on when captured:
// verify, capture, write, commit, conclude. Each phase ends when every rank has reported.
#include "cut/coordinator.hpp"

#include <algorithm>
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
  order.behind = behind_;
  if (phase == Phase::kCapture) {
    for (const std::string& id : slow_comms_) order.payload += id + "\n";
  }
  send(std::move(order));
}

void Coordinator::on_report(std::size_t port, Message& message) {
  if (state_ != State::kPhase && state_ != State::kBehind) return;
  if (message.epoch != epoch_ || message.phase != phase_) return;
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
    if (answer.ok) continue;
    const std::string text = at_rank(answer.text, answer.ranks.lowest());
    return behind_ ? say_outcome({false, text, ""}) : conclude(false, text);
  }
  if (phase_ == Phase::kVerify) {
    note_slow_comms(all.answers);
    begin_phase(Phase::kCapture);
  } else if (phase_ == Phase::kCapture && may_write_behind(all.answers)) {
    write_behind();
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
  for (const Answer& report : reports) {
    std::istringstream lines(report.payload);
    for (std::string id; std::getline(lines, id);) slow_comms_.insert(id);
  }
}

void Coordinator::commit_result(const Report& report, Time time) {
  time_ = time;
  if (state_ != State::kCommit) return;
  if (behind_) return say_outcome(report);
  conclude(report.ok, report.message);
}

// Not if somebody waits for the commit: who is to leave, or has called snapshot(). What has to look
// at files as the snapshot has them says so in the report of its capture.
bool Coordinator::may_write_behind(const std::vector<Answer>& reports) const {
  if (!config_.write_behind || trigger_.stop || api_waits_) return false;
  return std::all_of(reports.begin(), reports.end(),
                     [](const Answer& report) { return report.payload != kMustStand; });
}

// The order to write comes first: a rank that has seen kResume has its snapshot in good hands.
void Coordinator::write_behind() {
  behind_ = true;
  begin_phase(Phase::kWrite);
  release();
  state_ = State::kBehind;
}

void Coordinator::say_outcome(const Report& report) {
  behind_ = false;
  Message outcome = message(MessageType::kOutcome);
  outcome.ok = report.ok;
  outcome.text = report.message;
  send(std::move(outcome));
  if (report.ok) tidy();
  become_idle();
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
