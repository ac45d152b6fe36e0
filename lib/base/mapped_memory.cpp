// SPDX-License-Identifier: BSD-3-Clause
#include "base/mapped_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>

#include "base/error.hpp"

namespace chkpt {

// "start-end perms ...", in hexadecimal.
MappedMemory::MappedMemory(Mapped which) {
  std::ifstream file("/proc/self/maps");
  for (std::string line; std::getline(file, line);) {
    const std::size_t dash = line.find('-'), blank = line.find(' ');
    if (dash == std::string::npos || blank == std::string::npos || line.size() < blank + 3)
      continue;
    if (which == Mapped::kWritable && line[blank + 2] != 'w') continue;
    ranges_.emplace_back(std::stoull(line.substr(0, dash), nullptr, 16),
                         std::stoull(line.substr(dash + 1, blank - dash - 1), nullptr, 16));
  }
  if (ranges_.empty()) throw IoError("/proc/self/maps cannot be read", errno);
}

bool MappedMemory::contains(std::uint64_t address) const {
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), std::make_pair(address, UINT64_MAX));
  return after != ranges_.begin() && address < std::prev(after)->second;
}

}  // namespace chkpt
