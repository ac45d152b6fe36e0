// SPDX-License-Identifier: BSD-3-Clause
// Starts that cannot work, told in one line before the script runs: tasks that do not find each
// other, programs of different versions.
#pragma once

#include <string>
#include <vector>

#include "run/job.hpp"

namespace chkpt::run {

// mpi::session::start(), with a hint where MPI is likely to end the process in there.
void start_mpi(const Job& job);

// Collective. Throws UsageError, on every rank alike.
void check_launch(const Job& job);

// What is wrong with the versions of all ranks, each "host\nversion"; "" if they are the same.
std::string version_mismatch(const std::vector<std::string>& hosts_and_versions);

}  // namespace chkpt::run
