// SPDX-License-Identifier: BSD-3-Clause
#include "run/trial.hpp"

#include <cerrno>

#include <sys/stat.h>

#include "base/available_memory.hpp"
#include "base/log.hpp"
#include "base/units.hpp"
#include "mpi/session.hpp"
#include "run/load_back.hpp"
#include "run/signals.hpp"

namespace chkpt::run {
namespace {

namespace session = mpi::session;

// The ranks stand as long as it takes. Twice the size of a file is read, as much is made of it, and
// saved again; the ranks of a node and other jobs need some too.
constexpr auto kPatience = std::chrono::minutes(1);
constexpr std::uint64_t kLargest = 4'000'000'000;
constexpr std::uint64_t kTimesItsSize = 8;

// Why the trial would cost too much; "" if not.
std::string too_large(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return "its file cannot be looked at";
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > kLargest) return format_bytes(size) + " take too long";
  const std::uint64_t available = available_memory();
  if (available / kTimesItsSize >= size) return "";
  return format_bytes(size) + " are too much for " + format_bytes(available) + " of free memory";
}

void say(const std::string& which, const LoadedBack& result, double took_s) {
  using Outcome = LoadedBack::Outcome;
  switch (result.outcome) {
    case Outcome::kSame:
      return log::event(which + " was loaded back as a trial, in " + format_duration(took_s) +
                        ": it has what the script had");
    case Outcome::kDiffers:
      return log::error(which + " was loaded back as a trial: " + result.text +
                        "; a resume may not go on as this run does (--verify-snapshots takes no "
                        "such snapshot)");
    case Outcome::kUnloadable:
      return log::error(which + " was loaded back as a trial: " + result.text +
                        "; expect the same of a resume");
    case Outcome::kNotCompared:
      break;
  }
  log::info(which + " was not loaded back as a trial: " + result.text);
}

}  // namespace

Trial::Trial(const Config& config, bool is_resumed)
    : config_(config),
      is_over_(is_resumed || config.verify_snapshots || config.trial_after_ms < 0) {}

// Not when time may be short.
bool Trial::is_due(const cut::CutInfo& info) const {
  if (is_over_ || info.trigger.stop) return false;
  if (session::rank() != 0 && session::rank() != session::size() - 1) return false;
  return Clock::now() - begun_ >= std::chrono::milliseconds(config_.trial_after_ms);
}

Trial::Clock::duration Trial::written(const cut::CutInfo& info, std::uint64_t epoch,
                                      const std::string& file) {
  if (!is_due(info)) return {};
  is_over_ = true;
  const std::string which = "snapshot " + std::to_string(epoch);
  if (const std::string why = too_large(file); !why.empty()) {
    log::info(which + " is not loaded back as a trial: " + why);
    return {};
  }
  const Clock::time_point began = Clock::now();
  const LoadedBack result = load_back_in_child(file, kPatience, stop_was_signalled);
  const Clock::duration took = Clock::now() - began;
  say(which, result, std::chrono::duration<double>(took).count());
  return took;
}

}  // namespace chkpt::run
