// SPDX-License-Identifier: BSD-3-Clause
// The order in which a resume tries snapshots: newest first, past what is damaged, incomplete or
// superseded, one step back whenever a rank rejects its file. Suspect ones come last of all: better
// to resume once more from such a one than to begin again. Keeps one line per step for the user.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/run_directory.hpp"

namespace chkpt::store {

class WalkBack {
 public:
  // `only`: the one epoch that is asked for. Others are not even mentioned, and why it is passed
  // over always is.
  explicit WalkBack(const RunDirectory& run, std::optional<std::uint64_t> only = {});

  const SnapshotRef* candidate() const;    // null: none left
  void reject(const std::string& reason);  // the candidate; moves on to the next older one
  // One line per snapshot that was not taken. Incomplete ones are no loss and not mentioned.
  const std::vector<std::string>& passed_over() const { return passed_over_; }

 private:
  void skip_unusable();
  void pass_over(const SnapshotRef& ref, const std::string& reason);

  std::vector<SnapshotRef> snapshots_;  // in the order to try
  std::size_t next_ = 0;
  std::optional<std::uint64_t> only_;
  std::vector<std::string> passed_over_;
};

// Reads and checks every rank file; one entry per rank, empty text when intact.
std::vector<std::string> verify_rank_files(const SnapshotRef& snapshot);

}  // namespace chkpt::store
