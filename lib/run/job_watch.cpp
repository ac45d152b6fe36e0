// SPDX-License-Identifier: BSD-3-Clause
#include "run/job_watch.hpp"

#include "base/log.hpp"
#include "base/units.hpp"
#include "run/messages.hpp"
#include "run/slurm.hpp"

namespace chkpt::run {
namespace {

constexpr std::int64_t kNs = 1'000'000'000;
constexpr auto kAnswerLimit = std::chrono::seconds(10);
constexpr auto kLastComment = std::chrono::seconds(3);

std::int64_t now_s() { return unix_time_ns() / kNs; }

}  // namespace

JobWatch::JobWatch(const Config& config, const Job& job)
    : config_(config),
      job_(job),
      deadline_(std::nullopt, now_s(), static_cast<double>(config.deadline_margin_ms) * 1e-3) {}

void JobWatch::begin() {
  if (job_.id.empty() || config_.deadline_margin_ms < 0) return;
  const std::scoped_lock lock(mutex_);
  deadline_.move_end(slurm::end_from_environment());
  if (deadline_.end()) {
    say_plan("");
  } else {
    ask();
  }
}

void JobWatch::say_plan(const std::string& before) const {
  log::info(before + deadline_.text(now_s()));
}

void JobWatch::ask() {
  question_ = slurm::ask_for_end(job_.id);
  asked_at_ = Clock::now();
}

bool JobWatch::poll() {
  const std::scoped_lock lock(mutex_);
  poll_comment();
  if (question_) return answered();
  if (stopping_ || !deadline_.due(now_s())) return false;
  // Limits are raised for jobs that run: look again before stopping one.
  last_is_due_ = true;
  ask();
  return false;
}

bool JobWatch::answered() {
  const auto answer = question_->poll();
  if (!answer && Clock::now() - asked_at_ < kAnswerLimit) return false;
  question_.reset();
  return take_answer(answer ? *answer : CommandResult{false, "squeue does not answer"});
}

// True when it is settled that the last snapshot is due.
bool JobWatch::take_answer(const CommandResult& answer) {
  const auto end = slurm::read_end(answer);
  if (!last_is_due_) {
    deadline_.move_end(end);
    say_plan(end ? "" : "squeue says '" + answer.output + "': ");
    return false;
  }
  last_is_due_ = false;
  if (end && *end > *deadline_.end()) {
    deadline_.move_end(end);
    say_plan("the time limit was moved: ");
    if (!deadline_.due(now_s())) return false;
  }
  stopping_ = true;
  log::event("the job ends at " + local_time_text(*deadline_.end() * kNs, unix_time_ns()) +
             ": taking the last snapshot before it");
  return true;
}

void JobWatch::committed(std::uint64_t epoch, std::uint64_t bytes, double seconds) {
  const std::scoped_lock lock(mutex_);
  const auto before = deadline_.start_of_last();
  deadline_.note_snapshot(seconds);
  if (before && deadline_.start_of_last() != before) say_plan("");
  if (!config_.slurm_comment || job_.id.empty()) return;
  const std::int64_t now = unix_time_ns();
  next_comment_ = "epoch " + std::to_string(epoch) + ", " + local_time_text(now, now) + ", " +
                  format_bytes(bytes);
}

// The newest text counts; one command at a time.
void JobWatch::poll_comment() {
  if (comment_) {
    const auto done = comment_->poll();
    if (!done) return;
    comment_.reset();
    if (!done->output.empty() && !comment_refused_) {
      comment_refused_ = true;
      log::event("--slurm-comment: Slurm does not take it: " + done->output);
    }
  }
  if (next_comment_.empty() || comment_refused_) return;
  comment_ = slurm::set_comment(job_.id, next_comment_);
  next_comment_.clear();
}

void JobWatch::leave() {
  const std::scoped_lock lock(mutex_);
  if (comment_) comment_->wait(kLastComment);
  comment_.reset();
  poll_comment();
  if (comment_) comment_->wait(kLastComment);
  if (config_.requeue) log::event(slurm::requeue(job_.id));
}

}  // namespace chkpt::run
