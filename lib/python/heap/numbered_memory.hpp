// SPDX-License-Identifier: BSD-3-Clause
// Memory of C code that an object of a library knows by a plain number, as functions of ctypes that
// return c_void_p give it: in another process there is something else, or nothing. Its own way of
// pickling may make such memory anew, and seldom tells that it leaves the contents out (rtree).
// Likewise in the script's own state, if it calls functions of a library by ctypes; other scripts
// may keep such a number for its own sake, as one keeps what id() gave.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "python/heap/saver.hpp"

namespace chkpt::heap {

// `numbers`: those met that may be addresses, but of no object and no array that was saved; `memo`:
// the pickler's. Refuses an object of a library that has one of them as an attribute where malloc
// has given a block, then any such number. Throws Raised. Needs the GIL.
void check_numbered_memory(Saver& saver, const std::unordered_map<std::uint64_t, Ref>& numbers,
                           PyObject* memo);

}  // namespace chkpt::heap
