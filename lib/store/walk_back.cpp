// SPDX-License-Identifier: BSD-3-Clause
#include "store/walk_back.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "store/rank_file.hpp"

namespace chkpt::store {

WalkBack::WalkBack(const RunDirectory& run, int nranks) : nranks_(nranks) {
  std::vector<SnapshotRef> suspects;
  for (SnapshotRef& ref : run.snapshots()) {
    (run.suspect(ref.epoch) ? suspects : snapshots_).push_back(std::move(ref));
  }
  first_suspect_ = snapshots_.size();
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

bool WalkBack::candidate_is_suspect() const {
  return next_ < snapshots_.size() && next_ >= first_suspect_;
}

void WalkBack::pass_over(const SnapshotRef& ref, const std::string& reason) {
  passed_over_.push_back("snapshot " + std::to_string(ref.epoch) + " passed over: " + reason);
}

void WalkBack::skip_unusable() {
  for (; next_ < snapshots_.size(); ++next_) {
    const SnapshotRef& ref = snapshots_[next_];
    if (ref.state == SnapshotState::kDamaged) {
      pass_over(ref, ref.reason);
    } else if (ref.state == SnapshotState::kCommitted) {
      if (nranks_ <= 0 || ref.manifest.nranks == nranks_) return;
      pass_over(ref, "it has " + std::to_string(ref.manifest.nranks) + " ranks, this run " +
                         std::to_string(nranks_));
    }
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
