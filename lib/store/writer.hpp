// SPDX-License-Identifier: BSD-3-Clause
// Puts staged images on disk. submit() hands one over, wait() tells how it went; whoever implements
// it may write in between (a thread) or at once. Implementations never touch Python, MPI or HDF5.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "store/rank_image.hpp"
#include "store/snapshot_dir.hpp"
#include "store/staging.hpp"

namespace chkpt::store {

struct WriteResult {
  bool ok = false;
  RankFileInfo file;    // valid when ok
  std::string message;  // one line when not ok
  int errno_value = 0;  // of the failure, 0 if it was no system error
  double seconds = 0;
};

class Writer {
 public:
  using Ticket = std::uint64_t;
  virtual ~Writer() = default;

  // Never throws for what happens on disk: that is in the result. Each ticket is waited for once.
  virtual Ticket submit(Staged staged, SnapshotDir target) = 0;
  virtual WriteResult wait(Ticket ticket) = 0;  // May block on disk.
};

// Writes inside submit().
class SynchronousWriter final : public Writer {
 public:
  Ticket submit(Staged staged, SnapshotDir target) override;
  WriteResult wait(Ticket ticket) override;

 private:
  Ticket next_ = 1;
  std::map<Ticket, WriteResult> done_;
};

// Writes one rank file: part file, blocks, footer, fsync, close, rename, directory fsync (of
// rank 0 that is left to the commit).
// Throws IoError; the part file is gone then. May block on disk.
RankFileInfo write_rank_file(const Staged& staged, const SnapshotDir& target);

}  // namespace chkpt::store
