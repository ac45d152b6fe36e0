// SPDX-License-Identifier: BSD-3-Clause
// mpi4py's private duplicates of communicators (for reductions of Python objects), which it keeps
// as attributes on them together with a counter of tags. Needs the GIL and the loaded mpi4py.MPI.
#pragma once

#include "cut/handles/module.hpp"
#include "mpi/interpose/rebuild.hpp"

namespace chkpt::cut::handles {

// Of every live communicator. Throws CannotSave.
std::vector<mpi::SavedContext> contexts(const Module& module);
// After mpi::rebuild(), which has made the duplicates again.
void attach_contexts(const Module& module, const std::vector<mpi::SavedContext>& contexts);

}  // namespace chkpt::cut::handles
