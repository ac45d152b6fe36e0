// SPDX-License-Identifier: BSD-3-Clause
// Cuts a command line into our options, Python's options, and what to run with its arguments. Our
// part ends at the script, -m, -c, - or --, so a script's own options are never looked at.
#pragma once

#include <string>
#include <vector>

#include "python/launch/launch_spec.hpp"

namespace chkpt::cli {

struct SplitLine {
  std::vector<std::string> ours;  // clusters taken apart: "-vf500" is "-v", "-f", "500"
  python::LaunchSpec launch;
  bool has_target = false;  // a script, -m, -c or - was given
};

// argv without argv[0]. Options it does not know stay in `ours` for the parser to refuse. Throws
// UsageError if a value is missing.
SplitLine split(const std::vector<std::string>& argv);

}  // namespace chkpt::cli
