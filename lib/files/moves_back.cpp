// SPDX-License-Identifier: BSD-3-Clause
#include "files/moves_back.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <set>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "files/file_state.hpp"

namespace chkpt::files {
namespace {

constexpr char kPrefix[] = "undone-";

bool is_same(const Entry& a, const Entry& b) { return encode(a) == encode(b); }

}  // namespace

MovesBack::MovesBack(const KeptFiles& kept, const std::vector<Entry>& changes)
    : kept_(kept), changes_(changes) {
  const auto is_to_be_taken_back = [&](const Entry& move) {
    return std::any_of(changes.begin(), changes.end(),
                       [&](const Entry& change) { return is_same(change, move); });
  };
  for (const std::string& name : kept.names_with(kPrefix)) {
    std::vector<Entry> moves = kept.read_journal(name).entries;
    if (std::any_of(moves.begin(), moves.end(), is_to_be_taken_back)) {
      std::move(moves.begin(), moves.end(), std::back_inserter(notes_));
    } else {
      kept.directory().unlink(name);
    }
  }
  name_ = kPrefix + kept.unused_suffix();
}

std::ptrdiff_t MovesBack::notes_of(const Entry& move) const {
  return std::count_if(notes_.begin(), notes_.end(),
                       [&](const Entry& noted) { return is_same(noted, move); });
}

// What was done on another host's own file systems is taken back by another process.
bool MovesBack::passed(const Entry& change) const {
  const auto older = [&](const Entry& move) {
    return move.host == change.host && move.time_ns < change.time_ns;
  };
  return notes_of(change) > 1 || std::any_of(notes_.begin(), notes_.end(), older);
}

void MovesBack::take_back(const Entry& move) {
  const bool begun = notes_of(move) > 0;
  const bool is_back = examine(move.path) || !examine(move.target);
  // A rename that failed left the old name where it is.
  if (is_back && !begun) return;
  if (!begun) note(move);
  if (!is_back && ::rename(move.target.c_str(), move.path.c_str()) != 0) {
    throw_io("cannot rename back", move.target, errno);
  }
  note(move);
}

void MovesBack::note(const Entry& move) {
  sync_file_systems_of(changes_);
  const Directory& folder = kept_.directory();
  const std::string path = folder.path_of(name_);
  UniqueFd fd = folder.open_file(name_, O_WRONLY | O_CREAT | O_APPEND, 0600);
  const std::string line = encode(move);
  const ssize_t written = ::write(fd.get(), line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size())) {
    throw_io("cannot write", path, written < 0 ? errno : ENOSPC);
  }
  sync_file(fd.get(), path);
  fd.close(path);
  folder.sync();
  notes_.push_back(move);
}

void sync_file_systems_of(const std::vector<Entry>& changes) {
  std::set<dev_t> synced;
  for (const Entry& change : changes) {
    const std::string folder = folder_of(change.path);
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0 || !synced.insert(info.st_dev).second) continue;
    if (::syncfs(fd.get()) != 0) throw_io("cannot sync the file system of", folder, errno);
  }
}

}  // namespace chkpt::files
