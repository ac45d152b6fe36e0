// SPDX-License-Identifier: BSD-3-Clause
// Packages that were installed into a folder of the user's choice (pip install --target DIR, with
// DIR on PYTHONPATH): beside each lies a NAME.dist-info with a RECORD of its files
// (packaging.python.org, "Recording installed projects"). The script's own modules may lie in the
// same folder.
#pragma once

#include <string>

namespace chkpt::heap {

// Whether the folder of sys.path in which this file lies has it as one of those. `real_path`:
// absolute, through no symbolic link. Each folder is read once. Needs the GIL.
bool is_recorded_file(const std::string& real_path);

}  // namespace chkpt::heap
