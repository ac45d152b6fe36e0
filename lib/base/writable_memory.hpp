// SPDX-License-Identifier: BSD-3-Clause
// Which addresses of this process can be written to at this moment: there its objects are.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace chkpt {

class WritableMemory {
 public:
  WritableMemory();  // as /proc/self/maps says now; all memory if that cannot be read
  bool holds(std::uint64_t address) const;

 private:
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;  // start, end; in order
};

}  // namespace chkpt
