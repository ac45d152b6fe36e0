// SPDX-License-Identifier: BSD-3-Clause
// Objects of compiled classes that work in the memory of arrays which others have too. Their own
// pickling may hand out copies of it: the object and the arrays would go on apart. Whether it does
// is only known when all arrays have been met, at the end of a save.
#pragma once

#include "python/heap/compiled/original_arrays.hpp"
#include "python/heap/saver.hpp"

namespace chkpt::heap {

// Looks for objects that have, anywhere in their memory, an address inside an array that was saved,
// while nothing that their own pickling hands over has that memory. What such an object's pickling
// copies is noted in `originals`, so that the next save hands over the arrays themselves; if those
// of this save were not enough it is refused. To be called while everything that was saved still
// lives. Throws Raised. Needs the GIL.
void check_memory_stays_shared(Saver& saver, OriginalArrays& originals);

}  // namespace chkpt::heap
