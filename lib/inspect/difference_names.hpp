// SPDX-License-Identifier: BSD-3-Clause
// The script's names for places where two states differ.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "inspect/compared_state.hpp"

namespace chkpt::inspect {

constexpr std::size_t kShownWidth = 60;  // of a value in a name or a difference

class DifferenceNames {
 public:
  DifferenceNames(const ComparedState& before, const ComparedState& after);

  // Of the last place of the chain, which leads there from a root: "__main__.solver.cache['x']".
  std::string path(const std::vector<Visit>& chain) const;

 private:
  void add(const std::vector<NamedValue>& a, const std::vector<NamedValue>& b,
           const std::string& prefix);
  std::size_t next_part(const std::vector<Visit>& chain, std::size_t at, std::string* name) const;
  std::string item_text(const Visit& visit) const;
  std::string unnamed(const std::vector<Visit>& chain) const;

  const ComparedState& before_;
  const ComparedState& after_;
  std::map<Pair, std::string> variables_;
};

}  // namespace chkpt::inspect
