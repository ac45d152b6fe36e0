// SPDX-License-Identifier: BSD-3-Clause
// Are two saved states the same? Both pickle graphs are walked side by side: same kinds, same
// values, same order, and what is one mutable object in one is one object in the other. Which equal
// strings, numbers, slices and tuples are one object is not compared. Differences are named by the
// path of the object, as in the messages of a snapshot that is refused.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace chkpt::inspect {

// What heap::save() wrote, in memory that outlives the comparison.
struct SavedState {
  ByteView pickle;
  std::vector<ByteView> buffers;
};

struct Difference {
  std::string path;  // "__main__.solver.cache['x']"
  std::string text;  // "was 3, is 4"
};

// At most `limit` differences; empty: the states are the same. `meta_json`: of the file that
// `before` comes from, names the frames. Throws FormatError.
std::vector<Difference> compare_states(const SavedState& before, const SavedState& after,
                                       std::string_view meta_json, std::size_t limit = 10);

}  // namespace chkpt::inspect
