// SPDX-License-Identifier: BSD-3-Clause
// mpi4py.rc, which the script may have set before it imported mpi4py.MPI: the module reads it once,
// on import, so a resumed process must import it under the same settings. Needs the GIL.
#pragma once

#include "base/bytes.hpp"

namespace chkpt::cut::handles {

Bytes save_settings();
// Imports mpi4py and mpi4py.MPI as far as the saved process had imported them.
void restore_settings(ByteView settings);

}  // namespace chkpt::cut::handles
