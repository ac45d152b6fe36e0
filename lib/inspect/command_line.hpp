// SPDX-License-Identifier: BSD-3-Clause
// chkpt-inspect's command line: [COMMAND] [OPTIONS] PATH [GLOB]. The first word is a command only
// if it is the name of one; otherwise it is the PATH of a summary.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace chkpt::inspect {

struct Invocation {
  std::string command = "summary";
  std::string path;
  std::string glob;
  std::optional<int> rank;
  bool every_rank = false;  // --rank all
  std::optional<int> depth;
  std::optional<int> top;
  bool json = false;
  bool all = false;
  bool wide = false;
  bool help = false;
  bool version = false;
};

// Throws UsageError, one line.
Invocation parse_command_line(const std::vector<std::string>& arguments);

std::string help_text();
std::string version_text();

}  // namespace chkpt::inspect
