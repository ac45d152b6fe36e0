// SPDX-License-Identifier: BSD-3-Clause
// The command line of chkpt-mpi as one value. Every setting can come from the command line, from
// the environment (CHKPT_*), from a configuration file, or be the default, in that order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "python/launch/launch_spec.hpp"

namespace chkpt::cli {

enum class Mode { kContinue, kTracked };

struct ResumeChoice {
  enum class Kind { kAuto, kNever, kMust, kEpoch };
  Kind kind = Kind::kAuto;
  std::uint64_t epoch = 0;  // kEpoch: this one or stop
};

struct Options {
  std::string output_dir;              // "" = ./checkpoints/<run id>
  std::string run_id;                  // "" = made from the job or the command line
  std::int64_t interval_ms = 600'000;  // 0 as often as possible, -1 only when asked
  std::int64_t min_obj_size = -1;      // bytes; -1 only tracked objects
  Mode mode = Mode::kContinue;
  ResumeChoice resume;
  int keep = 2;
  std::vector<int> signals;              // numbers; empty = none
  std::int64_t cut_timeout_ms = 30'000;  // give up a cut after this long
  int verbosity = 0;                     // -1 (-q), 0, 1 (-v), 2 (-vv)
  python::LaunchSpec launch;
};

// A setting as --show-config prints it.
struct ShownSetting {
  std::string key;     // "output-dir"
  std::string value;   // as written
  std::string origin;  // "command line", "environment CHKPT_KEEP", "./chkpt.conf:3", "default"
};

struct ParseResult {
  Options options;
  std::vector<ShownSetting> settings;
  // Set for --help, --version and --show-config: print it on standard output and exit with 0.
  std::optional<std::string> answer;
};

// argv[0] included. Throws UsageError: one line, naming the option and where it was set. Checks
// that a script can be read; does not read the program on standard input yet.
ParseResult parse(const std::vector<std::string>& argv);

// True if the program was started under a name that begins with "python": then it is python3.
bool is_started_as_python(const char* argv0);

}  // namespace chkpt::cli
