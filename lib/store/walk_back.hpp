// SPDX-License-Identifier: BSD-3-Clause
// The order in which a resume tries snapshots: newest first, past what is damaged or incomplete,
// one step back whenever a rank rejects its file. Suspect ones come last of all: better to resume
// once more from such a one than to begin again. Keeps one line per step for the user.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "store/run_directory.hpp"

namespace chkpt::store {

class WalkBack {
 public:
  // `nranks` > 0: snapshots of another rank count are passed over, with a line that says so.
  WalkBack(const RunDirectory& run, int nranks);

  const SnapshotRef* candidate() const;    // null: none left
  bool candidate_is_suspect() const;       // it was resumed twice in vain
  void reject(const std::string& reason);  // the candidate; moves on to the next older one
  // One line per snapshot that was not taken. Incomplete ones are no loss and not mentioned.
  const std::vector<std::string>& passed_over() const { return passed_over_; }

 private:
  void skip_unusable();
  void pass_over(const SnapshotRef& ref, const std::string& reason);

  std::vector<SnapshotRef> snapshots_;  // in the order to try
  std::size_t first_suspect_ = 0;
  std::size_t next_ = 0;
  int nranks_;
  std::vector<std::string> passed_over_;
};

// Reads and checks every rank file; one entry per rank, empty text when intact.
std::vector<std::string> verify_rank_files(const SnapshotRef& snapshot);

}  // namespace chkpt::store
