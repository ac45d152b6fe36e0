// SPDX-License-Identifier: BSD-3-Clause
#include "base/available_memory.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

namespace chkpt {
namespace {

constexpr const char* kGroups = "/sys/fs/cgroup";

// Of files that hold one number; nothing for "max", or if there is no such file.
std::optional<std::uint64_t> number_in(const std::string& path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  if (!(file >> number)) return std::nullopt;
  return number;
}

// The number after `key` at the start of a line.
std::optional<std::uint64_t> number_after(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    std::uint64_t number = 0;
    if (words >> word && word == key && words >> number) return number;
  }
  return std::nullopt;
}

// As the two versions name them.
struct Files {
  const char* limit;
  const char* usage;
  const char* cached;
};
constexpr Files kVersion1 = {"/memory.limit_in_bytes", "/memory.usage_in_bytes",
                             "total_inactive_file"};
constexpr Files kVersion2 = {"/memory.max", "/memory.current", "inactive_file"};

std::uint64_t left_in(const std::string& group, const Files& files) {
  const auto limit = number_in(group + files.limit);
  const auto usage = number_in(group + files.usage);
  if (!limit || !usage) return UINT64_MAX;
  const std::uint64_t cached = number_after(group + "/memory.stat", files.cached).value_or(0);
  const std::uint64_t used = *usage - std::min(*usage, cached);
  return *limit - std::min(*limit, used);
}

// Of the group and all above it.
std::uint64_t left_along(const std::string& top, std::string path, const Files& files) {
  std::uint64_t left = left_in(top, files);
  while (path.size() > 1) {
    left = std::min(left, left_in(top + path, files));
    path.erase(path.rfind('/'));
  }
  return left;
}

bool is_memory(const std::string& controllers) {
  std::istringstream names(controllers);
  for (std::string name; std::getline(names, name, ',');)
    if (name == "memory") return true;
  return false;
}

// Lines "number:controllers:path"; no controllers is version 2.
std::uint64_t left_in_groups(const std::string& root) {
  std::ifstream file(root + "/proc/self/cgroup");
  std::uint64_t left = UINT64_MAX;
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (path.empty() || path[0] != '/') continue;
    if (controllers.empty())
      left = std::min(left, left_along(root + kGroups, path, kVersion2));
    else if (is_memory(controllers))
      left = std::min(left, left_along(root + kGroups + "/memory", path, kVersion1));
  }
  return left;
}

}  // namespace

std::uint64_t available_memory(const std::string& root) {
  constexpr std::uint64_t kKibi = 1024;
  const auto free_kib = number_after(root + "/proc/meminfo", "MemAvailable:");
  if (!free_kib) return 0;
  return std::min(*free_kib * kKibi, left_in_groups(root));
}

}  // namespace chkpt
