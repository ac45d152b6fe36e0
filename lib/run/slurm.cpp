// SPDX-License-Identifier: BSD-3-Clause
#include "run/slurm.hpp"

#include <chrono>
#include <cstdlib>
#include <ctime>

namespace chkpt::run::slurm {
namespace {

constexpr auto kRequeueLimit = std::chrono::seconds(20);

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

}  // namespace

std::optional<std::int64_t> end_from_environment() {
  const char* text = std::getenv("SLURM_JOB_END_TIME");
  const std::int64_t seconds = text == nullptr ? 0 : std::atoll(text);
  if (seconds <= 0) return std::nullopt;
  return seconds;
}

std::unique_ptr<Command> ask_for_end(const std::string& job) {
  return std::make_unique<Command>(
      std::vector<std::string>{"squeue", "--noheader", "--format=%e", "--jobs=" + job});
}

// "2026-11-22T14:00:00", this machine's time; "NONE" or "N/A" without a limit. SLURM_TIME_FORMAT
// may ask for another format: then nothing is planned.
std::optional<std::int64_t> read_end(const CommandResult& answer) {
  if (!answer.ended) return std::nullopt;
  std::tm time{};
  const char* rest = ::strptime(answer.output.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (rest == nullptr || (*rest != '\0' && *rest != '\n')) return std::nullopt;
  time.tm_isdst = -1;
  const std::time_t seconds = std::mktime(&time);
  if (seconds <= 0) return std::nullopt;
  return seconds;
}

// The job's processes get SIGTERM as soon as Slurm has agreed, scontrol too where it runs in one of
// them: no answer is no failure.
std::string requeue(const std::string& job) {
  if (job.empty()) return "--requeue: this is no Slurm job";
  const CommandResult done = Command({"scontrol", "requeue", job}).wait(kRequeueLimit);
  if (!done.ended || done.output.empty()) {
    return "asked Slurm to put job " + job + " back into the queue" +
           (done.ended ? "" : "; it has not answered");
  }
  // A preemption has done it already.
  if (done.output.find("pending execution") != std::string::npos) {
    return "job " + job + " is in the queue again already";
  }
  return "Slurm does not put job " + job + " back: " + one_line(done.output);
}

std::unique_ptr<Command> set_comment(const std::string& job, const std::string& text) {
  return std::make_unique<Command>(
      std::vector<std::string>{"scontrol", "update", "JobId=" + job, "Comment=" + text});
}

}  // namespace chkpt::run::slurm
