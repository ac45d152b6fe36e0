// SPDX-License-Identifier: BSD-3-Clause
#include "store/snapshot_dir.hpp"

#include <cinttypes>
#include <cstdio>
#include <utility>

#include "base/hash.hpp"

namespace chkpt::store {

SnapshotDir::SnapshotDir(Directory directory, std::string name, std::uint64_t epoch)
    : directory_(std::make_shared<Directory>(std::move(directory))),
      name_(std::move(name)),
      epoch_(epoch) {}

std::string snapshot_name(std::uint64_t epoch, const std::string& run_id,
                          std::uint64_t generation) {
  const std::string writer = run_id + "/" + std::to_string(generation);
  char name[64];
  std::snprintf(name, sizeof name, "step-%010" PRIu64 "-", epoch);
  return name + hash128(ByteView(std::string_view(writer))).hex().substr(0, 8);
}

bool parse_snapshot_name(const std::string& name, std::uint64_t* epoch) {
  unsigned long long number = 0;
  char suffix[9];
  int end = 0;
  // 10 digits or more, as snapshot_name() writes them.
  if (std::sscanf(name.c_str(), "step-%20llu-%8[0-9a-f]%n", &number, suffix, &end) != 2) {
    return false;
  }
  char again[64];
  std::snprintf(again, sizeof again, "step-%010llu-%s", number, suffix);
  if (static_cast<std::size_t>(end) != name.size() || name != again || name.size() < 24) {
    return false;
  }
  *epoch = number;
  return true;
}

}  // namespace chkpt::store
