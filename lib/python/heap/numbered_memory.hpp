// SPDX-License-Identifier: BSD-3-Clause
// Memory of C code that an object of a library knows by a plain number, as functions of ctypes that
// return c_void_p give it: in another process there is something else, or nothing. Its own way of
// pickling may make such memory anew, and seldom tells that it leaves the contents out (rtree).
#pragma once

#include <cstdint>
#include <unordered_set>

#include "python/heap/saver.hpp"

namespace chkpt::heap {

// `numbers`: those met that may be addresses, but of no object and no array that was saved; `memo`:
// the pickler's. Refuses an object of a library that has one of them as an attribute where malloc
// has given a block. Throws Raised. Needs the GIL.
void check_numbered_memory(Saver& saver, const std::unordered_set<std::uint64_t>& numbers,
                           PyObject* memo);

}  // namespace chkpt::heap
