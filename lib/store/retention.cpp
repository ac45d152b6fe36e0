// SPDX-License-Identifier: BSD-3-Clause
// What may be removed, and how: the MANIFEST first and durably, so that a snapshot is either whole
// or does not exist, whenever the power goes.
#include <algorithm>

#include <fcntl.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "store/aside_name.hpp"
#include "store/run_directory.hpp"

namespace chkpt::store {
namespace {

// Only plain files and the folders of rank files: anything else was not made here and stays.
bool empty_directory(const Directory& directory, int depth) {
  for (const std::string& name : directory.names()) {
    const auto info = directory.stat(name);
    if (!info) continue;
    if (!S_ISDIR(info->st_mode)) {
      directory.unlink(name);
    } else if (depth > 0 || !begins_with(name, "part-") ||
               !empty_directory(directory.open_child(name), depth + 1) ||
               !directory.remove_child(name)) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool RunDirectory::remove_snapshot(const std::string& name) const {
  try {
    const Directory directory = directory_.open_child(name);
    if (directory.unlink(kManifestName)) directory.sync();
    if (!empty_directory(directory, 0)) return false;
    return directory_.remove_child(name);
  } catch (const IoError&) {
    return false;
  }
}

void RunDirectory::drop(const SnapshotDir& snapshot) noexcept {
  try {
    remove_snapshot(snapshot.name());
  } catch (...) {
    // Out of memory: retain() will find it.
  }
}

std::uint64_t RunDirectory::highest_epoch() const {
  std::uint64_t highest = 0;
  for (const std::string& name : directory_.names()) {
    std::uint64_t epoch = 0;
    if (parse_snapshot_name(name, &epoch) || parse_aside_name(name, &epoch)) {
      highest = std::max(highest, epoch);
    }
  }
  return highest;
}

std::vector<std::string> RunDirectory::retain(int keep,
                                              const std::set<std::uint64_t>& keep_epochs) {
  std::vector<std::string> removed;
  keep = std::max(keep, 1);  // the newest one always stays
  int good = 0;
  std::uint64_t newest_committed = 0;
  for (const SnapshotRef& ref : snapshots()) {
    const bool is_committed = ref.state == SnapshotState::kCommitted;
    if (is_committed) newest_committed = std::max(newest_committed, ref.epoch);
    const bool replaced =
        ref.state == SnapshotState::kIncomplete || ref.state == SnapshotState::kSuperseded;
    const bool is_old = replaced ? ref.epoch < newest_committed : good >= keep;
    if (is_old && keep_epochs.count(ref.epoch) == 0) {
      if (remove_snapshot(ref.name)) removed.push_back(ref.name);
    } else if (is_committed && !suspect(ref.epoch)) {
      ++good;
    }
  }
  for (const std::string& name : directory_.names()) {
    std::uint64_t epoch = 0;
    if (parse_aside_name(name, &epoch) && epoch < newest_committed && remove_snapshot(name)) {
      removed.push_back(name);
    }
  }
  return removed;
}

}  // namespace chkpt::store
