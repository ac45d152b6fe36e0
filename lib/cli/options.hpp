// SPDX-License-Identifier: BSD-3-Clause
// The command line of chkpt-mpi as a run::Config. Every setting comes from the command line, from
// the environment (CHKPT_*), from a configuration file, or be the default, in that order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "run/config.hpp"

namespace chkpt::cli {

// A setting as --show-config prints it.
struct ShownSetting {
  std::string key;     // "output-dir"
  std::string value;   // as written
  std::string origin;  // "command line", "environment CHKPT_KEEP", "./chkpt.conf:3", "default"
};

struct ParseResult {
  run::Config config;
  std::vector<ShownSetting> settings;
  // Set for --help, --version and --show-config: print it on standard output and exit with 0.
  std::optional<std::string> answer;
  // Set for --load-back: the file to look at, and nothing to run.
  std::string load_back;
};

// argv[0] included. Throws UsageError: one line, naming the option and where it was set. Checks
// that a script can be read; does not read the program on standard input yet.
ParseResult parse(const std::vector<std::string>& argv);

// True if the program was started under a name that begins with "python": then it is python3.
bool is_started_as_python(const char* argv0);

}  // namespace chkpt::cli
