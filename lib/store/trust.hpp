// SPDX-License-Identifier: BSD-3-Clause
// Whom a file must belong to before any byte of it is used. Checkpoints are unpickled, and a pickle
// runs code: whoever can write one can act as the user. Checks are made on descriptors, not paths.
#pragma once

#include <string>

#include <sys/stat.h>

namespace chkpt::store {

// Throw FormatError "<path>: ..." unless it is a directory (a regular file) of the effective user
// that neither group nor others may write to.
void require_own_directory(const struct stat& info, const std::string& path);
void require_own_file(const struct stat& info, const std::string& path);

}  // namespace chkpt::store
