// SPDX-License-Identifier: BSD-3-Clause
#include "base/mapped_memory.hpp"

#include <cstdint>
#include <memory>

#include <gtest/gtest.h>
#include <sys/mman.h>

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

TEST(MappedMemoryTest, holds_all_of_what_is_mapped_and_not_what_goes_beyond) {
  constexpr std::size_t kPage = 4096;
  void* const pages = ::mmap(nullptr, 4 * kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  char* const begin = static_cast<char*>(pages);
  ASSERT_EQ(::mprotect(begin, kPage, PROT_READ | PROT_WRITE), 0);
  ASSERT_EQ(::munmap(begin + 2 * kPage, kPage), 0);
  const MappedMemory memory(Mapped::kAll);
  EXPECT_TRUE(memory.contains(address(begin), 2 * kPage));  // in two parts, without a gap
  EXPECT_FALSE(memory.contains(address(begin), 2 * kPage + 1));
  EXPECT_FALSE(memory.contains(address(begin), 4 * kPage));
  EXPECT_TRUE(memory.contains(address(begin + 3 * kPage), kPage));
  EXPECT_FALSE(memory.contains(address(begin), UINT64_MAX));
  ::munmap(begin, 4 * kPage);
}

}  // namespace
}  // namespace chkpt
