// SPDX-License-Identifier: BSD-3-Clause
// What becomes of a snapshot that failed: when it is tried again, and how often its reason is said.
// An object that cannot be saved now is often gone a moment later, so the first tries come soon;
// one that stays must neither fill the log nor stop the ranks again and again.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "cut/agent.hpp"

namespace chkpt::run {

// Times are seconds of any monotonic clock. Not thread-safe.
class Retry {
 public:
  explicit Retry(double interval_s) : interval_s_(interval_s) {}

  // The text to say now, with how often the reason was met; empty if it was said lately: three
  // times with ten seconds between, then once per interval. Reasons are the same if they differ in
  // digits only: numbers of snapshots, lines and sizes change from one try to the next.
  std::string say(const std::string& text, double now);

  // Ask for `trigger` again: after one second, and twice as long after each further failure, but
  // not more than a minute, and not so soon that the tries take more than a twentieth of the time.
  void later(const cut::Trigger& trigger, double now, double took_s);
  // What is to be asked for now; each only once.
  std::optional<cut::Trigger> due(double now);
  void succeeded();

 private:
  struct Reason {
    double said_at = 0;
    int said = 0;
    std::uint64_t met = 0;
  };

  double interval_s_;
  std::map<std::string, Reason> reasons_;
  std::optional<cut::Trigger> wanted_;
  double not_before_ = 0;
  double wait_s_ = 0;  // the last one
};

}  // namespace chkpt::run
