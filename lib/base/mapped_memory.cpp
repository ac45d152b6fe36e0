// SPDX-License-Identifier: BSD-3-Clause
#include "base/mapped_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

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

bool MappedMemory::contains(std::uint64_t address, std::uint64_t size) const {
  if (size > UINT64_MAX - address) return false;
  auto range =
      std::upper_bound(ranges_.begin(), ranges_.end(), std::make_pair(address, UINT64_MAX));
  if (range == ranges_.begin() || address >= std::prev(range)->second) return false;
  std::uint64_t end = std::prev(range)->second;
  for (; range != ranges_.end() && range->first == end; ++range) end = range->second;
  return address + size <= end;
}

// The kernel reads it in our place.
bool is_readable(const void* byte) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) throw IoError("cannot make a pipe", errno);
  const UniqueFd from(ends[0]), to(ends[1]);
  const ssize_t written = ::write(to.get(), byte, 1);
  if (written < 0 && errno != EFAULT) throw IoError("cannot write into a pipe", errno);
  return written == 1;
}

}  // namespace chkpt
