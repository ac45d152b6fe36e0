// SPDX-License-Identifier: BSD-3-Clause
// A set of ranks as runs of consecutive numbers. "All ranks", "the ranks below this relay" and "who
// has the same clock" are a run or a few, however large the job.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

namespace chkpt::cut {

class RankSet {
 public:
  struct Run {
    int first = 0;
    int end = 0;  // one past the last
    bool operator==(const Run& other) const { return first == other.first && end == other.end; }
  };

  RankSet() = default;
  RankSet(std::initializer_list<int> ranks);
  static RankSet range(int first, int end);
  // False unless the runs are ascending, not empty and apart, as runs() gives them.
  static bool from_runs(std::vector<Run> runs, RankSet* set);

  bool empty() const { return runs_.empty(); }
  std::size_t size() const;
  int lowest() const { return runs_.front().first; }  // not of an empty set
  bool contains(int rank) const;
  bool meets(const RankSet& other) const;
  const std::vector<Run>& runs() const { return runs_; }
  bool operator==(const RankSet& other) const { return runs_ == other.runs_; }
  bool operator!=(const RankSet& other) const { return !(*this == other); }

  void add(const RankSet& other);
  void remove(const RankSet& other);
  RankSet within(const RankSet& other) const;  // what both have

  template <class F>
  void for_each(F&& visit) const {
    for (const Run& run : runs_) {
      for (int rank = run.first; rank < run.end; ++rank) visit(rank);
    }
  }

 private:
  void append(Run run);

  std::vector<Run> runs_;
};

// "rank 3", "ranks 0-2, 7"
std::string text_of(const RankSet& ranks);

}  // namespace chkpt::cut
