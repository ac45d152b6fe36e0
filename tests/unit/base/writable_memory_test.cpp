// SPDX-License-Identifier: BSD-3-Clause
#include "base/writable_memory.hpp"

#include <cstdint>
#include <memory>

#include <gtest/gtest.h>

namespace chkpt {
namespace {

std::uint64_t address(const void* place) { return reinterpret_cast<std::uintptr_t>(place); }

TEST(WritableMemoryTest, holds_what_was_allocated_and_the_stack) {
  const auto large = std::make_unique<char[]>(std::size_t{1} << 20);
  const auto small = std::make_unique<int>(1);
  const int local = 1;
  const WritableMemory memory;
  for (const void* place :
       {static_cast<const void*>(large.get()),
        static_cast<const void*>(large.get() + (1 << 20) - 1),
        static_cast<const void*>(small.get()), static_cast<const void*>(&local)}) {
    EXPECT_TRUE(memory.holds(address(place)));
  }
}

TEST(WritableMemoryTest, holds_no_constants_and_nothing_at_zero) {
  static const char kText[] = "constant";
  const WritableMemory memory;
  EXPECT_FALSE(memory.holds(address(kText)));
  EXPECT_FALSE(memory.holds(0));
  EXPECT_FALSE(memory.holds(UINT64_MAX));
}

}  // namespace
}  // namespace chkpt
