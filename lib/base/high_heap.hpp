// SPDX-License-Identifier: BSD-3-Clause
// Where malloc takes its memory from. The heap of a program that is linked at a fixed address
// begins just behind it: the addresses of what lies there are numbers that programs count to. That
// of memory mapped by the kernel are not, and so can be told from ordinary numbers.
#pragma once

#include <cstdint>

namespace chkpt {

// What programs count or draw is seldom as large: one of a million smaller numbers may be an
// address by chance, among larger ones that is as good as impossible.
constexpr std::uintptr_t kLowestHighAddress = std::uintptr_t{1} << 40;

// From here on malloc gives addresses from kLowestHighAddress, for as long as the process lives. To
// be called once, before other threads exist. Where the kernel has no such large addresses, or
// malloc is another one than glibc's, nothing happens.
void move_heap_up();

}  // namespace chkpt
