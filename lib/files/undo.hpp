// SPDX-License-Identifier: BSD-3-Clause
// Takes back what a run did to files after the snapshot it is resumed from. Every step can be
// repeated: if the process dies here, the next start does it all again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/directory.hpp"
#include "files/entry.hpp"

namespace chkpt::files {

// The snapshot that is resumed.
struct Since {
  std::uint64_t generation = 0;  // that wrote it
  std::uint64_t epoch = 0;
};

// Was the change made after that snapshot? Later generations began with it or with an older one.
bool comes_after(const Entry& entry, const Since& since);

// Takes back the changes that all ranks noted, newest first. `shared`: also those on file systems
// that all nodes see, which one process of the job must do; others are done on the host they were
// made on, by one process there. Returns lines for the user about what could not be put back.
// Throws IoError, FormatError when the journals cannot be read.
std::vector<std::string> undo_changes(const Directory& run_directory, const Since& since,
                                      bool shared);

// Afterwards, when all hosts are done: this rank's entries that were taken back are dropped.
void forget_undone(const Directory& run_directory, int rank, const Since& since);
// For a run that starts from its beginning: nothing is taken back, all that was noted is dropped.
void forget_all(const Directory& run_directory);

}  // namespace chkpt::files
