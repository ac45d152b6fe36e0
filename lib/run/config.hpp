// SPDX-License-Identifier: BSD-3-Clause
// Everything a run is told before it starts: the validated result of command line, environment and
// configuration file (lib/cli fills it), and nothing that is found out later.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "python/launch/launch_spec.hpp"

namespace chkpt::run {

enum class Mode {
  kContinue,  // capture the whole interpreter state and go on in the middle of the script
  kTracked,   // re-run from the top; tracked objects get their contents back
};

enum class ResumePolicy { kAuto, kNever, kMust, kEpoch };

struct Config {
  std::string output_dir;  // empty: ./checkpoints/<run id>
  std::string run_id;      // empty: from Slurm's environment or from script and arguments
  std::int64_t frequency_ms = 600'000;  // 0 as often as possible, -1 only when asked
  std::int64_t min_object_bytes = -1;   // tracked mode: globals taken beside tracked objects
  Mode mode = Mode::kContinue;
  ResumePolicy resume = ResumePolicy::kAuto;
  std::uint64_t resume_epoch = 0;  // with kEpoch
  int keep = 2;
  bool signal_usr1 = true, signal_usr2 = true, signal_term = true;
  std::chrono::milliseconds cut_timeout{30'000};
  python::LaunchSpec launch;
};

}  // namespace chkpt::run
