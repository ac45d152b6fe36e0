// SPDX-License-Identifier: BSD-3-Clause
// Objects of compiled classes that work in the memory of arrays which others have too. Their own
// pickling may hand out copies of it: the object and the arrays would go on apart. Whether it does
// is only known when all arrays have been met, at the end of a save.
#pragma once

#include "python/heap/saver.hpp"

namespace chkpt::heap {

// Refuses an object that has, anywhere in its memory, an address inside an array that was saved,
// while nothing that its own pickling hands over has that memory. To be called while everything
// that was saved still lives. Throws Raised. Needs the GIL.
void check_memory_stays_shared(Saver& saver);

}  // namespace chkpt::heap
