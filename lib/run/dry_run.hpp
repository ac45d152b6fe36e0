// SPDX-License-Identifier: BSD-3-Clause
// --dry-run: the script runs with snapshots that are loaded back, compared and thrown away; at the
// end a report says what a real run would have met. Its directory is made beside ./checkpoints and
// removed at the end of the run.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "run/config.hpp"

namespace chkpt::run {

class DryRun {
 public:
  bool on() const { return !directory_.empty(); }

  // Collective. Makes the directory and sets what a dry run needs; nothing without --dry-run.
  // Throws UsageError on every rank alike.
  void begin(Config* config);

  // What happened; any thread.
  void committed(double cut_s, double blocked_s, std::uint64_t bytes);
  void refused(const std::string& reason);
  void waited(const std::string& who);

  // Rank 0: says it all on standard error. `checked`: snapshots loaded back, `differ`: of them not
  // equal.
  void report(std::uint64_t checked, std::uint64_t differ) const;
  // Removes the directory; any rank, no snapshot is in progress.
  void end();

 private:
  struct Spread {
    double sum = 0;
    double most = 0;
    void add(double value);
  };
  struct Met {
    std::string text;  // the first one
    std::uint64_t times = 0;
    double longest_s = 0;
  };
  std::string refusals() const;
  std::string waits() const;
  std::string largest_variables() const;

  std::string directory_;
  mutable std::mutex mutex_;  // of the rest
  std::uint64_t snapshots_ = 0;
  Spread cut_s_, blocked_s_, bytes_;
  std::map<std::string, Met> refused_;  // by the text without digits
  std::map<std::string, Met> waited_;
  std::set<std::string> waiting_for_;  // in the cut that is being made
};

}  // namespace chkpt::run
