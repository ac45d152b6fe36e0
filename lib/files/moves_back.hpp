// SPDX-License-Identifier: BSD-3-Clause
// Which renamed directories have got their old names back. That cannot be repeated at will: paths
// lead elsewhere afterwards, and nothing that came later may be taken back again. So it is noted
// just before it happens and once more when it has; if this process is killed, the next one goes on
// from there.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "files/entry.hpp"
#include "files/kept_files.hpp"

namespace chkpt::files {

class MovesBack {
 public:
  // `changes`: what is to be taken back, newest first; outlives this. Reads the notes of earlier
  // processes and drops those that are about none of these. Throws IoError, FormatError.
  MovesBack(const KeptFiles& kept, const std::vector<Entry>& changes);

  // Has an earlier process taken this change back, and got to a rename that was made before it?
  bool passed(const Entry& change) const;

  // Takes back a rename. All that came after it is on the disk first. Throws IoError.
  void take_back(const Entry& move);

 private:
  std::ptrdiff_t notes_of(const Entry& move) const;
  void note(const Entry& move);

  const KeptFiles& kept_;
  const std::vector<Entry>& changes_;
  std::vector<Entry> notes_;
  std::string name_;  // of this process's notes
};

// Waits until what was changed in the directories of these paths is on the disk.
void sync_file_systems_of(const std::vector<Entry>& changes);

}  // namespace chkpt::files
