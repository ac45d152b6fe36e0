// SPDX-License-Identifier: BSD-3-Clause
#include "cut/rank_set.hpp"

#include <algorithm>
#include <utility>

namespace chkpt::cut {

RankSet::RankSet(std::initializer_list<int> ranks) {
  for (const int rank : ranks) add(range(rank, rank + 1));
}

RankSet RankSet::range(int first, int end) {
  RankSet set;
  if (first < end) set.runs_.push_back({first, end});
  return set;
}

bool RankSet::from_runs(std::vector<Run> runs, RankSet* set) {
  int last = -1;
  for (const Run& run : runs) {
    if (run.first <= last || run.first >= run.end) return false;
    last = run.end;
  }
  set->runs_ = std::move(runs);
  return true;
}

std::size_t RankSet::size() const {
  std::size_t n = 0;
  for (const Run& run : runs_) n += static_cast<std::size_t>(run.end - run.first);
  return n;
}

bool RankSet::contains(int rank) const {
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), rank,
                                      [](int r, const Run& run) { return r < run.end; });
  return after != runs_.end() && after->first <= rank;
}

bool RankSet::meets(const RankSet& other) const {
  auto a = runs_.begin();
  auto b = other.runs_.begin();
  while (a != runs_.end() && b != other.runs_.end()) {
    if (std::max(a->first, b->first) < std::min(a->end, b->end)) return true;
    a->end < b->end ? ++a : ++b;
  }
  return false;
}

// Runs come in ascending order of `first`.
void RankSet::append(Run run) {
  if (!runs_.empty() && run.first <= runs_.back().end) {
    runs_.back().end = std::max(runs_.back().end, run.end);
  } else {
    runs_.push_back(run);
  }
}

void RankSet::add(const RankSet& other) {
  if (other.empty()) return;
  if (runs_.empty() || runs_.back().end <= other.runs_.front().first) {
    for (const Run& run : other.runs_) append(run);
    return;
  }
  const std::vector<Run> mine = std::exchange(runs_, {});
  auto a = mine.begin();
  auto b = other.runs_.begin();
  while (a != mine.end() || b != other.runs_.end()) {
    const bool take_a = b == other.runs_.end() || (a != mine.end() && a->first < b->first);
    append(take_a ? *a++ : *b++);
  }
}

void RankSet::remove(const RankSet& other) {
  if (!meets(other)) return;
  const std::vector<Run> mine = std::exchange(runs_, {});
  auto gap = other.runs_.begin();
  for (Run run : mine) {
    while (gap != other.runs_.end() && gap->end <= run.first) ++gap;
    for (auto g = gap; g != other.runs_.end() && g->first < run.end; ++g) {
      if (run.first < g->first) runs_.push_back({run.first, g->first});
      run.first = std::max(run.first, g->end);
    }
    if (run.first < run.end) runs_.push_back(run);
  }
}

RankSet RankSet::within(const RankSet& other) const {
  RankSet both;
  auto a = runs_.begin();
  auto b = other.runs_.begin();
  while (a != runs_.end() && b != other.runs_.end()) {
    const Run run{std::max(a->first, b->first), std::min(a->end, b->end)};
    if (run.first < run.end) both.runs_.push_back(run);
    a->end < b->end ? ++a : ++b;
  }
  return both;
}

std::string text_of(const RankSet& ranks) {
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  const char* comma = "";
  for (const RankSet::Run& run : ranks.runs()) {
    text += comma + std::to_string(run.first);
    if (run.end > run.first + 1) text += "-" + std::to_string(run.end - 1);
    comma = ", ";
  }
  return text;
}

}  // namespace chkpt::cut
