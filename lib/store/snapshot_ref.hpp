// SPDX-License-Identifier: BSD-3-Clause
// A snapshot as found on disk, judged by its MANIFEST and the sizes of its files alone. Whether the
// rank files' contents are intact only reading them tells (rank_file.hpp).
#pragma once

#include <cstdint>
#include <string>

#include "store/manifest.hpp"

namespace chkpt::store {

enum class SnapshotState {
  kCommitted,
  kIncomplete,
  kDamaged,
  kSuperseded,  // whole, but the script was started from its beginning since
};

struct SnapshotRef {
  std::string path;  // of the snapshot's directory
  std::string name;  // step-0000000420-1a2b3c4d
  std::uint64_t epoch = 0;
  SnapshotState state = SnapshotState::kIncomplete;
  std::string reason;  // one line, empty when committed
  Manifest manifest;   // valid when committed
};

// Judges the directory at `path`; never throws for what is wrong inside it.
SnapshotRef inspect_snapshot(const std::string& path);

}  // namespace chkpt::store
