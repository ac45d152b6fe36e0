// SPDX-License-Identifier: BSD-3-Clause
// The table of hashes against one of the standard library.
#include "python/frames/hash_table.hpp"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

namespace chkpt::test {
namespace {

const void* address(std::uint64_t number) {
  return reinterpret_cast<const void*>(number * 16);  // NOLINT
}

TEST(HashTableTest, finds_what_was_put_and_not_erased) {
  std::mt19937 random(7);
  frames::HashTable table;
  std::unordered_map<std::uint64_t, Py_hash_t> expected;
  for (int step = 0; step < 200000; ++step) {
    // Few numbers, so that the same ones come and go; twice as many after a while.
    const std::uint64_t number = 1 + random() % (step < 100000 ? 700 : 1400);
    if (random() % 2 == 0) {
      table.put(address(number), step);
      expected[number] = step;
    } else {
      table.erase(address(number));
      expected.erase(number);
    }
    if (step % 1000 != 0) continue;
    for (std::uint64_t i = 1; i <= 1400; ++i) {
      const auto found = expected.find(i);
      ASSERT_EQ(table.find(address(i)), found == expected.end() ? -1 : found->second) << step;
    }
  }
  for (std::uint64_t i = 1; i <= 1400; ++i) table.erase(address(i));
  EXPECT_TRUE(table.is_empty());
}

}  // namespace
}  // namespace chkpt::test
