// SPDX-License-Identifier: BSD-3-Clause
// The mark "open for writing" in a file of HDF5 1.10's newer format (superblock 3). A copy of an
// open file carries it, and the library refuses to open such a file: it could be half written. Ours
// was flushed before it was copied, so that the mark means nothing. It is cleared as h5clear does.
#pragma once

#include <string>

namespace chkpt::heap::hdf5 {

// Does nothing to a file without the mark, or of another format. Throws IoError.
void clear_open_mark(const std::string& path);

}  // namespace chkpt::heap::hdf5
