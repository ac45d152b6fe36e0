// SPDX-License-Identifier: BSD-3-Clause
// The directory of a snapshot that is being written. Every rank opens it; only the coordinator, who
// made it (RunDirectory::begin), commits or drops it. Cheap to copy, safe to hand to a thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/directory.hpp"

namespace chkpt::store {

class SnapshotDir {
 public:
  SnapshotDir(Directory directory, std::string name, std::uint64_t epoch);

  const std::string& name() const { return name_; }  // step-0000000420-1a2b3c4d
  const std::string& path() const { return directory_->path(); }
  std::uint64_t epoch() const { return epoch_; }
  const Directory& directory() const { return *directory_; }

 private:
  std::shared_ptr<const Directory> directory_;
  std::string name_;
  std::uint64_t epoch_;
};

// "step-0000000420-1a2b3c4d": the suffix comes from run id and generation, so that two incarnations
// of a run never write into the same directory.
std::string snapshot_name(std::uint64_t epoch, const std::string& run_id, std::uint64_t generation);
bool parse_snapshot_name(const std::string& name, std::uint64_t* epoch);

}  // namespace chkpt::store
