// SPDX-License-Identifier: BSD-3-Clause
// The folder "files" of a run: the ranks' journals, and the contents of files that the script was
// about to overwrite, replace or remove. A kept file is a hard link where the script gives up the
// name, else a copy. All files are the user's alone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "base/directory.hpp"
#include "files/entry.hpp"

namespace chkpt::files {

// Files up to this size are copied before they are overwritten; more would stall the script.
constexpr std::uint64_t kLargestCopy = 64 << 20;

class KeptFiles {
  static constexpr char kJournalPrefix[] = "journal-";

 public:
  // Made with mode 0700 if it is not there. Throws IoError, FormatError (not the user's alone).
  static KeptFiles open_or_create(const Directory& run_directory);

  // That of the run in `run_path`, to look into. Throws IoError, FormatError.
  static Directory folder(const std::string& run_path);

  const Directory& directory() const { return directory_; }

  // Keeps what `path`, a regular file, holds now and returns the kept file's name; "" if the file
  // is too large to copy. Throws IoError.
  std::string copy(const std::string& path, const struct stat& info);
  // The same; where the file has other names, a restore gives this one back to the very file.
  std::string copy_and_link(const std::string& path, const struct stat& info);
  std::string link_or_copy(const std::string& path, const struct stat& info);
  // A file is about to be changed in place: what is kept as a hard link to it becomes a copy of its
  // own. `names`: how many of its links lead to the script's paths, for all that is known.
  void part_from(const struct stat& info, nlink_t names);

  nlink_t links_to(const struct stat& info) const;  // kept ones

  // Puts the first `entry.size` bytes (a link may have grown through a descriptor that was still
  // open) back into the entry's path: under the inode that it had if a link was kept, else under
  // the one that is there now. Throws IoError.
  void restore(const Entry& entry) const;

  static std::string journal_name(int rank) { return kJournalPrefix + std::to_string(rank); }
  // Entries of one journal; none if there is no such file. Throws IoError, FormatError.
  Lines read_journal(const std::string& name) const;
  std::vector<std::string> journal_names() const { return names_with(kJournalPrefix); }
  std::vector<std::string> names_with(const char* prefix) const;
  // That no file made by another process, or before, has in its name.
  static std::string unused_suffix();
  // Removes these entries from a journal and what was kept for them. The journal is replaced whole.
  void drop_entries(const std::string& name, const std::function<bool(const Entry&)>& unwanted);

  // Removes everything in it: for a run that starts from its beginning.
  void clear();

 private:
  explicit KeptFiles(Directory directory) : directory_(std::move(directory)) {}
  std::string new_name();
  bool file_is_back(const Entry& entry) const;
  bool link_back(const Entry& entry, const std::optional<struct stat>& there) const;

  Directory directory_;
  std::uint64_t count_ = 0;
};

}  // namespace chkpt::files
