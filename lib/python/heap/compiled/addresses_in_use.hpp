// SPDX-License-Identifier: BSD-3-Clause
// Addresses in the script's hands whose memory belongs to C code: a call of ctypes has just given
// them, and the next one may use that memory again. Saving an object of a library can be such a
// call, so they are looked for before anything else is saved.
#pragma once

#include "python/heap/saver.hpp"

namespace chkpt::heap {

// Refuses (throws Raised, see Saver::refuse_late) the first variable of a frame of the saved stack,
// or value in use there, that holds an address in memory no object is known to own.
void check_addresses_in_use(Saver& saver);

}  // namespace chkpt::heap
