// SPDX-License-Identifier: BSD-3-Clause
#include "files/undo.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "files/file_state.hpp"
#include "files/held_files.hpp"
#include "files/kept_files.hpp"
#include "files/moves_back.hpp"

namespace chkpt::files {
namespace {

using Kind = Entry::Kind;

// A local path is looked for on the machine it was noted on. Names of machines change (containers);
// the directory's inode then tells that it is the same one.
bool is_here(const Entry& entry, const std::string& host) {
  if (entry.host == host) return true;
  const auto folder = examine(folder_of(entry.path));
  return folder && folder->st_ino == entry.folder;
}

void set_mtime(const Entry& entry) {
  timespec times[2] = {{0, UTIME_OMIT},
                       {static_cast<time_t>(entry.mtime_ns / 1'000'000'000),
                        static_cast<long>(entry.mtime_ns % 1'000'000'000)}};
  // A convenience for tools that compare times; the contents are what counts.
  (void)::utimensat(AT_FDCWD, entry.path.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

void remove_what_is_there(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return;
  if (errno == EISDIR || errno == EPERM) {
    // With something else in it, it stays: that was not made by the script, or cannot be removed.
    if (::rmdir(path.c_str()) == 0 || errno == ENOTEMPTY || errno == EEXIST || errno == ENOENT) {
      return;
    }
  }
  throw_io("cannot remove", path, errno);
}

class TooShort : public FormatError {
 public:
  explicit TooShort(const std::string& path)
      : FormatError(path + " has been removed or shortened since the snapshot") {}
};

void cut_to_size(const Entry& entry) {
  const auto info = examine(entry.path);
  const auto size = info ? static_cast<std::uint64_t>(info->st_size) : 0;
  if (!info || !S_ISREG(info->st_mode) || size < entry.size) throw TooShort(entry.path);
  const bool same_mode = ((info->st_mode ^ entry.mode) & 07777) == 0;
  if (size != entry.size) {
    if (!same_mode) (void)::chmod(entry.path.c_str(), (info->st_mode | S_IWUSR) & 07777);
    if (::truncate(entry.path.c_str(), static_cast<off_t>(entry.size)) != 0) {
      throw_io("cannot cut to its size at the snapshot:", entry.path, errno);
    }
    set_mtime(entry);
  }
  if (!same_mode && ::chmod(entry.path.c_str(), entry.mode & 07777) != 0) {
    throw_io("cannot restore the mode of", entry.path, errno);
  }
}

// A directory that was removed later than what was in it is noted before that, if an attempt to
// remove it had failed first; what took its place then is not noted at all.
void make_folder_of(const std::string& path) {
  const std::string folder = folder_of(path);
  const auto there = examine(folder);
  if (folder == "/" || (there && S_ISDIR(there->st_mode))) return;
  make_folder_of(folder);
  if (there) remove_what_is_there(folder);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw_io("cannot make the directory", folder, errno);
  }
}

void restore_link(const Entry& entry) {
  if (link_target(entry.path) == entry.target) return;
  make_folder_of(entry.path);
  remove_what_is_there(entry.path);
  if (::symlink(entry.target.c_str(), entry.path.c_str()) != 0) {
    throw_io("cannot make the link", entry.path, errno);
  }
}

void restore_directory(const Entry& entry) {
  make_folder_of(entry.path);
  if (const auto info = examine(entry.path); info && !S_ISDIR(info->st_mode))
    remove_what_is_there(entry.path);
  if (::mkdir(entry.path.c_str(), entry.mode & 07777) == 0) return;
  if (errno != EEXIST) throw_io("cannot make the directory", entry.path, errno);
  (void)::chmod(entry.path.c_str(), entry.mode & 07777);
}

void restore_contents(const KeptFiles& kept, const Entry& entry) {
  const auto info = examine(entry.path);
  if (info && !S_ISREG(info->st_mode)) remove_what_is_there(entry.path);
  make_folder_of(entry.path);
  kept.restore(entry);
  set_mtime(entry);
}

[[noreturn]] void not_kept(const Entry& entry) {
  throw FormatError(entry.path + " (" + format_bytes(entry.size) +
                    ") was overwritten after the snapshot and had not been kept: it holds later "
                    "contents until the script writes it again");
}

// Files that are shorter than they were. What a file held is not kept once more when it changes
// under another of its names: an older change of that name, or of the path, settles it.
class ShortFiles {
 public:
  void add(const Entry& entry, const char* problem) {
    files_.push_back({entry.path, file_at(entry.path), problem});
  }
  void taken_back(const Entry& change) {
    if (files_.empty()) return;
    const Inode restored = change.kind == Kind::kKept ? file_at(change.path) : kNone;
    const auto settled = [&](const File& file) {
      return file.path == change.path || (file.inode == restored && restored != kNone);
    };
    files_.erase(std::remove_if(files_.begin(), files_.end(), settled), files_.end());
    if (change.kind != Kind::kMoved) return;
    for (File& file : files_) {
      if (begins_with(file.path, change.target + "/"))
        file.path.replace(0, change.target.size(), change.path);
    }
  }
  void report(std::vector<std::string>& problems) const {
    for (const File& file : files_) problems.push_back(file.problem);
  }

 private:
  using Inode = std::pair<dev_t, ino_t>;
  static constexpr Inode kNone{0, 0};

  static Inode file_at(const std::string& path) {
    const auto info = examine(path);
    return info ? Inode{info->st_dev, info->st_ino} : kNone;
  }

  struct File {
    std::string path;
    Inode inode;
    std::string problem;
  };
  std::vector<File> files_;
};

void take_back(const KeptFiles& kept, MovesBack& moves, const Entry& entry) {
  switch (entry.kind) {
    case Kind::kAbsent:
      return remove_what_is_there(entry.path);
    case Kind::kSize:
      return cut_to_size(entry);
    case Kind::kKept:
      return restore_contents(kept, entry);
    case Kind::kNotKept:
      not_kept(entry);
    case Kind::kLink:
      return restore_link(entry);
    case Kind::kDirectory:
      return restore_directory(entry);
    case Kind::kMoved:
      return moves.take_back(entry);
  }
}

}  // namespace

// A copy that the snapshot itself counts on stays for as long as that one can be resumed.
static bool is_part_of(const Entry& entry, const Since& since) {
  return is_held_copy(entry.kept) && entry.generation == since.generation &&
         entry.epoch == since.epoch;
}

bool comes_after(const Entry& entry, const Since& since) {
  return entry.generation > since.generation ||
         (entry.generation == since.generation && entry.epoch >= since.epoch);
}

std::vector<std::string> undo_changes(const Directory& run_directory, const Since& since,
                                      bool shared) {
  const KeptFiles kept = KeptFiles::open_or_create(run_directory);
  const std::string host = host_name();
  std::vector<std::string> problems;
  std::vector<Entry> changes;
  for (const std::string& name : kept.journal_names()) {
    Lines lines = kept.read_journal(name);
    if (lines.damaged) {
      problems.push_back(kept.directory().path_of(name) +
                         " is damaged: some files may hold more than at the snapshot");
    }
    for (Entry& entry : lines.entries) {
      const bool mine = entry.host.empty() ? shared : is_here(entry, host);
      if (mine && comes_after(entry, since)) changes.push_back(std::move(entry));
    }
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Entry& a, const Entry& b) { return a.time_ns > b.time_ns; });
  MovesBack moves(kept, changes);
  ShortFiles short_files;
  for (const Entry& entry : changes) {
    if (moves.passed(entry)) continue;
    try {
      take_back(kept, moves, entry);
      short_files.taken_back(entry);
    } catch (const TooShort& problem) {
      short_files.add(entry, problem.what());
    } catch (const Error& problem) {
      problems.emplace_back(problem.what());
    }
  }
  short_files.report(problems);
  sync_file_systems_of(changes);
  return problems;
}

void forget_undone(const Directory& run_directory, int rank, const Since& since) {
  KeptFiles::open_or_create(run_directory)
      .drop_entries(KeptFiles::journal_name(rank), [&](const Entry& entry) {
        return comes_after(entry, since) && !is_part_of(entry, since);
      });
}

void forget_all(const Directory& run_directory) {
  KeptFiles::open_or_create(run_directory).clear();
}

}  // namespace chkpt::files
