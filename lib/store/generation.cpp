// SPDX-License-Identifier: BSD-3-Clause
// Fencing. Each incarnation of a run makes a file GENERATION-<n> with O_EXCL; the highest number
// is the one that may commit. Locks are not used: they are lost or ignored on network file systems.
#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include <fcntl.h>

#include "base/file.hpp"
#include "store/aside_name.hpp"
#include "store/run_directory.hpp"
#include "store/trust.hpp"

namespace chkpt::store {
namespace {

constexpr std::uint64_t kKeptGenerations = 8;
constexpr std::size_t kLongestOwner = 4096;

std::string generation_name(std::uint64_t number) {
  char name[64];
  std::snprintf(name, sizeof name, "GENERATION-%010" PRIu64, number);
  return name;
}

// Numbers of all generation files, ascending.
std::vector<std::uint64_t> generations_in(const Directory& directory) {
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : directory.names()) {
    unsigned long long number = 0;
    if (std::sscanf(name.c_str(), "GENERATION-%20llu", &number) == 1 &&
        name == generation_name(number)) {
      numbers.push_back(number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

void write_owner(const Directory& directory, const std::string& name, const UniqueFd& fd,
                 const std::string& owner) {
  const std::string text = owner.substr(0, kLongestOwner - 1) + "\n";
  const FileSizeSignalGuard guard;
  write_all(fd.get(), ByteView(std::string_view(text)), 0, directory.path_of(name), text.size());
}

std::string read_owner(const Directory& directory, const std::string& name) {
  try {
    const UniqueFd fd = directory.open_file(name, O_RDONLY);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return "";
    require_own_file(info, name);
    const std::string text = read_text(fd, name, kLongestOwner);
    return text.substr(0, text.find('\n'));
  } catch (const Error&) {
    return "";  // for messages only
  }
}

}  // namespace

// Not made durable here, a start need not wait for the disk: whatever a later start could read of
// this generation (a snapshot, a mark) comes with a sync of this directory, which makes the file's
// name durable first. The text in it is for messages.
Generation RunDirectory::claim(const std::string& owner) {
  const auto before = generations_in(directory_);
  std::uint64_t number = before.empty() ? 1 : before.back() + 1;
  UniqueFd fd;
  while (!fd) {
    try {
      fd = directory_.open_file(generation_name(number), O_WRONLY | O_CREAT | O_EXCL, 0600);
    } catch (const IoError& error) {
      if (error.errno_value() != EEXIST) throw;
      ++number;  // somebody starts at the same moment; the higher number wins
    }
  }
  const std::string name = generation_name(number);
  try {
    write_owner(directory_, name, fd, owner);
    fd.close(directory_.path_of(name));
  } catch (const IoError&) {
    directory_.unlink(name);
    throw;
  }
  set_aside_unfinished(number);
  for (const std::uint64_t old : before) {
    if (old + kKeptGenerations < number) directory_.unlink(generation_name(old));
  }
  return {number, owner};
}

bool RunDirectory::is_current(const Generation& generation) const {
  const auto numbers = generations_in(directory_);
  return !numbers.empty() && numbers.back() == generation.number;
}

std::optional<Generation> RunDirectory::newest_generation() const {
  const auto numbers = generations_in(directory_);
  if (numbers.empty()) return std::nullopt;
  return Generation{numbers.back(), read_owner(directory_, generation_name(numbers.back()))};
}

void RunDirectory::require_current(const Generation& generation) const {
  if (is_current(generation)) return;
  const auto newest = newest_generation();
  throw Fenced(newest
                   ? "this run was taken over by " +
                         (newest->owner.empty() ? "another process" : newest->owner) +
                         "; no more snapshots are written here"
                   : path() + ": its generation file was removed; no more snapshots are written");
}

std::vector<std::uint64_t> RunDirectory::set_newer_aside(std::uint64_t epoch,
                                                         const Generation& generation) {
  require_current(generation);
  std::vector<std::uint64_t> epochs;
  for (const SnapshotRef& ref : snapshots()) {
    if (ref.epoch <= epoch || ref.state == SnapshotState::kSuperseded) continue;
    directory_.rename(ref.name, aside_name(ref.name, generation.number));
    if (ref.state == SnapshotState::kCommitted) epochs.push_back(ref.epoch);
  }
  directory_.sync();
  return epochs;
}

// An older incarnation may be just before the rename of its MANIFEST, past its last look at the
// generation. Renaming its directory decides the race: the MANIFEST either is there already, and
// the snapshot counts, or it lands where nobody looks.
void RunDirectory::set_aside_unfinished(std::uint64_t generation) const {
  bool changed = false;
  for (const std::string& name : directory_.names()) {
    std::uint64_t epoch = 0;
    if (!parse_snapshot_name(name, &epoch)) continue;
    if (snapshot(name).state != SnapshotState::kIncomplete) continue;
    directory_.rename(name, aside_name(name, generation));
    changed = true;
  }
  if (changed) directory_.sync();
}

}  // namespace chkpt::store
