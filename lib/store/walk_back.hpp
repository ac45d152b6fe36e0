// SPDX-License-Identifier: BSD-3-Clause
// The order in which a resume tries snapshots: newest first, past what is damaged, incomplete or
// suspect, one step back whenever a rank rejects its file. Keeps one line per step for the user.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/run_directory.hpp"

namespace chkpt::store {

class WalkBack {
 public:
  // `nranks` > 0: snapshots of another rank count are passed over, with a line that says so.
  WalkBack(const RunDirectory& run, int nranks);

  const SnapshotRef* candidate() const;    // null: none left
  void reject(const std::string& reason);  // the candidate; moves on to the next older one
  const std::vector<std::string>& passed_over() const { return passed_over_; }

 private:
  void skip_unusable();

  std::vector<SnapshotRef> snapshots_;
  std::vector<bool> suspect_;
  std::size_t next_ = 0;
  int nranks_;
  std::vector<std::string> passed_over_;
};

// Reads and checks every rank file; one entry per rank, empty text when intact.
std::vector<std::string> verify_rank_files(const SnapshotRef& snapshot);

}  // namespace chkpt::store
