// SPDX-License-Identifier: BSD-3-Clause
// Names of snapshots that a newer generation has set aside, unfinished or later than the one that
// it goes on from: "stale-step-0000000420-1a2b3c4d-7" was set aside by generation 7.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/snapshot_dir.hpp"

namespace chkpt::store {

constexpr std::string_view kAsidePrefix = "stale-";

inline std::string aside_name(const std::string& name, std::uint64_t generation) {
  return std::string(kAsidePrefix) + name + "-" + std::to_string(generation);
}

// False for any other name.
inline bool parse_aside_name(const std::string& name, std::uint64_t* epoch) {
  if (name.compare(0, kAsidePrefix.size(), kAsidePrefix) != 0) return false;
  const std::size_t end = name.find_last_of('-');
  return parse_snapshot_name(name.substr(kAsidePrefix.size(), end - kAsidePrefix.size()), epoch);
}

}  // namespace chkpt::store
