// SPDX-License-Identifier: BSD-3-Clause
// What the PATH on the command line means: a rank file, a snapshot or a run. Looks, never creates.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/rank_file.hpp"
#include "store/run_directory.hpp"

namespace chkpt::inspect {

struct Target {
  std::string run_path;       // empty: the snapshot stands alone
  std::string snapshot_path;  // empty: the run was named
  std::string rank_file;      // empty: no single file was named
  std::optional<int> rank;    // of that file
};

// Throws UsageError, one line that begins with the path.
Target resolve_target(const std::string& path);

// The snapshot to show: the one named, else the run's newest committed one that is not suspect.
// Throws FormatError if it is damaged or incomplete, UsageError if the run has none.
store::SnapshotRef snapshot_of(const Target& target);

// One rank's verified file; FormatError or IoError.
store::RankFile read_rank(const Target& target, const store::SnapshotRef& snapshot, int rank);

// The ranks to look at: the file's own, or all of the snapshot.
std::vector<int> ranks_of(const Target& target, const store::SnapshotRef& snapshot);

}  // namespace chkpt::inspect
