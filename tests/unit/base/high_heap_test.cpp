// SPDX-License-Identifier: BSD-3-Clause
#include "base/high_heap.hpp"

#include <sys/resource.h>

#include <cstdint>
#include <cstdlib>
#include <initializer_list>

#include <gtest/gtest.h>

namespace chkpt {
namespace {

// Many of each size, so that more than what was free before is given out.
bool all_high() {
  for (const std::size_t size : {24, 600, 5000, 70000})
    for (int i = 0; i < 200; ++i)
      if (reinterpret_cast<std::uintptr_t>(std::malloc(size)) < kLowestHighAddress) return false;
  return true;
}

// Each in a process of its own: it is for as long as that lives.
TEST(HighHeapDeathTest, addresses_are_large_from_then_on) {
  EXPECT_EXIT((move_heap_up(), std::_Exit(all_high() ? 0 : 1)), testing::ExitedWithCode(0), "");
}

TEST(HighHeapDeathTest, they_are_where_the_kernel_does_not_move_the_heap_too) {
  const auto try_it = [] {
    rlimit limit{};
    if (getrlimit(RLIMIT_DATA, &limit) != 0) return 2;
    const rlimit lowered{1, limit.rlim_max};  // then PR_SET_MM_MAP fails
    if (setrlimit(RLIMIT_DATA, &lowered) != 0) return 3;
    move_heap_up();
    if (setrlimit(RLIMIT_DATA, &limit) != 0) return 4;
    return all_high() ? 0 : 1;
  };
  EXPECT_EXIT(std::_Exit(try_it()), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace chkpt
