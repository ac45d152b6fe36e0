// SPDX-License-Identifier: BSD-3-Clause
#include "base/mapped_memory.hpp"

#include <cstdint>
#include <memory>

#include <gtest/gtest.h>

namespace chkpt {
namespace {

std::uint64_t address(const void* place) { return reinterpret_cast<std::uintptr_t>(place); }

TEST(MappedMemoryTest, holds_what_was_allocated_and_the_stack) {
  const auto large = std::make_unique<char[]>(std::size_t{1} << 20);
  const auto small = std::make_unique<int>(1);
  const int local = 1;
  const MappedMemory memory(Mapped::kWritable);
  for (const void* place :
       {static_cast<const void*>(large.get()),
        static_cast<const void*>(large.get() + (1 << 20) - 1),
        static_cast<const void*>(small.get()), static_cast<const void*>(&local)}) {
    EXPECT_TRUE(memory.contains(address(place)));
  }
}

TEST(MappedMemoryTest, holds_no_constants_and_nothing_at_zero) {
  static const char kText[] = "constant";
  const MappedMemory memory(Mapped::kWritable);
  EXPECT_FALSE(memory.contains(address(kText)));
  EXPECT_FALSE(memory.contains(0));
  EXPECT_FALSE(memory.contains(UINT64_MAX));
}

}  // namespace
}  // namespace chkpt
