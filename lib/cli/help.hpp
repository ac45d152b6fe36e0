// SPDX-License-Identifier: BSD-3-Clause
// What --help, --version and --show-config print.
#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"

namespace chkpt::cli {

std::string help_text();
std::string version_text();  // "chkpt-mpi 0.1.0 (Python 3.11.2)"
// Lines `option = value  # origin`: a configuration file again.
std::string config_text(const std::vector<ShownSetting>& settings);

}  // namespace chkpt::cli
