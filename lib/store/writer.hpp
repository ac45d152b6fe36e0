// SPDX-License-Identifier: BSD-3-Clause
// Puts staged images on disk, without Python, MPI or HDF5: the script may run meanwhile.
#pragma once

#include <string>

#include "store/rank_image.hpp"
#include "store/snapshot_dir.hpp"
#include "store/staging.hpp"

namespace chkpt::store {

struct WriteResult {
  bool ok = false;
  RankFileInfo file;    // valid when ok
  std::string message;  // one line when not ok
};

// Never throws for what happens on disk: that is in the result. May block on disk.
WriteResult write(const Staged& staged, const SnapshotDir& target) noexcept;

// Writes one rank file: part file, blocks, footer, fsync, close, rename, directory fsync (of
// rank 0 that is left to the commit).
// Throws IoError; the part file is gone then. May block on disk.
RankFileInfo write_rank_file(const Staged& staged, const SnapshotDir& target);

}  // namespace chkpt::store
