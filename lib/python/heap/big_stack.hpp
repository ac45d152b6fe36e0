// SPDX-License-Identifier: BSD-3-Clause
// Runs a function on a C stack of 4 GiB, mapped lazily, with the interpreter's recursion limits
// raised: pickling and unpickling recurse once per level of nesting of the script's data.
#pragma once

#include <cstddef>
#include <functional>

namespace chkpt::heap {

// Needs the GIL. Exceptions of `work` come out unchanged. Not reentrant: a nested call simply runs
// `work` on the big stack it is already on.
void on_big_stack(const std::function<void()>& work);

// Bytes of it that are in use now; 0 outside.
std::size_t big_stack_in_use();

}  // namespace chkpt::heap
