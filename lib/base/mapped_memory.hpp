// SPDX-License-Identifier: BSD-3-Clause
// Which numbers are addresses in this process: what is mapped, as /proc/self/maps tells it; and
// what of it can be read.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace chkpt {

enum class Mapped { kAll, kWritable };

class MappedMemory {
 public:
  // As it is now. Throws IoError if it cannot be read.
  explicit MappedMemory(Mapped which);
  bool contains(std::uint64_t address) const;
  // All of the bytes, from the first to the last.
  bool contains(std::uint64_t address, std::uint64_t size) const;

 private:
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;  // start, end; in order
};

// Whether reading there is no fault: what is mapped of a file beyond its end, or is not readable at
// all, ends the process. Throws IoError if that cannot be found out.
bool is_readable(const void* byte);

}  // namespace chkpt
