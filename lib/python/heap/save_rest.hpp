// SPDX-License-Identifier: BSD-3-Clause
// What a save has put off while it wrote the body: contents of containers that are found by hash,
// states too deep for the stack, members and entries of weak containers.
#pragma once

#include "python/heap/compiled/original_arrays.hpp"
#include "python/heap/pickle_types.hpp"
#include "python/heap/saver.hpp"

namespace chkpt::heap {

// By the time members of weak containers are written, all that leads to them has been, then all
// objects. Needs the GIL. Throws Raised or CannotSave.
void dump_deferred(Saver& saver, Pickling& pickling, const OriginalArrays& originals);

}  // namespace chkpt::heap
