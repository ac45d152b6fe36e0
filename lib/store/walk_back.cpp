// SPDX-License-Identifier: BSD-3-Clause
#include "store/walk_back.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "store/rank_file.hpp"

namespace chkpt::store {

WalkBack::WalkBack(const RunDirectory& run, std::optional<std::uint64_t> only) : only_(only) {
  std::vector<SnapshotRef> suspects;
  for (SnapshotRef& ref : run.snapshots()) {
    if (only_ && ref.epoch != *only_) continue;
    (run.suspect(ref.epoch) ? suspects : snapshots_).push_back(std::move(ref));
  }
  std::move(suspects.begin(), suspects.end(), std::back_inserter(snapshots_));
  skip_unusable();
}

const SnapshotRef* WalkBack::candidate() const {
  return next_ < snapshots_.size() ? &snapshots_[next_] : nullptr;
}

void WalkBack::reject(const std::string& reason) {
  if (next_ >= snapshots_.size()) return;
  pass_over(snapshots_[next_], reason);
  ++next_;
  skip_unusable();
}

void WalkBack::pass_over(const SnapshotRef& ref, const std::string& reason) {
  passed_over_.push_back("snapshot " + std::to_string(ref.epoch) + " passed over: " + reason);
}

void WalkBack::skip_unusable() {
  for (; next_ < snapshots_.size(); ++next_) {
    const SnapshotRef& ref = snapshots_[next_];
    if (ref.state == SnapshotState::kCommitted) return;
    if (ref.state == SnapshotState::kDamaged || only_) pass_over(ref, ref.reason);
  }
}

std::vector<std::string> verify_rank_files(const SnapshotRef& snapshot) {
  std::vector<std::string> verdicts;
  for (int rank = 0; rank < snapshot.manifest.nranks; ++rank) {
    try {
      RankFile::read_verified(snapshot, rank);
      verdicts.emplace_back();
    } catch (const Error& error) {
      verdicts.emplace_back(error.what());
    }
  }
  return verdicts;
}

}  // namespace chkpt::store
