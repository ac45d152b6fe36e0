// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/handle_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "mpi/interpose/registry.hpp"
#include "mpi/interpose/restartable.hpp"

namespace chkpt::mpi {
namespace {

TEST(HandleTableTest, agrees_with_a_map_under_random_use) {
  HandleTable<char*, int> table;
  std::map<char*, int> reference;
  std::mt19937 random(5);
  std::vector<char> memory(5000);
  for (int i = 0; i < 200000; ++i) {
    // Few distinct keys, so that runs of neighbours are long and deletions shift them.
    char* key = memory.data() + 16 * (random() % 300);
    if (random() % 2 == 0) {
      table.insert(key, i);
      reference[key] = i;
    } else {
      EXPECT_EQ(table.erase(key), reference.erase(key) == 1);
    }
    char* other = memory.data() + 16 * (random() % 300);
    const auto it = reference.find(other);
    const int* found = table.find(other);
    ASSERT_EQ(found != nullptr, it != reference.end());
    ASSERT_EQ(found == nullptr ? -1 : *found, it == reference.end() ? -1 : it->second);
    ASSERT_EQ(table.size(), reference.size());
  }
  std::size_t seen = 0;
  table.for_each([&](char* key, int& value) {
    ++seen;
    EXPECT_EQ(reference.at(key), value);
  });
  EXPECT_EQ(seen, reference.size());
}

TEST(RegistryTest, ids_of_joint_clocks_and_of_communicators_differ) {
  EXPECT_TRUE(Registry::is_joint("w/g0.1"));
  EXPECT_TRUE(Registry::is_joint("w/1:0/g3.4"));
  EXPECT_TRUE(Registry::is_joint("w/g0.1#2/g0.1"));
  EXPECT_FALSE(Registry::is_joint("w/g0.1#2"));
  EXPECT_FALSE(Registry::is_joint("w/g0.1#2/1:0"));
  EXPECT_FALSE(Registry::is_joint("w"));
  EXPECT_FALSE(Registry::is_joint("w/1:0"));
}

TEST(RestartableTest, only_the_first_call_of_a_method) {
  EXPECT_TRUE(restartable_method("Recv", "MPI_Recv"));
  EXPECT_TRUE(restartable_method("recv", "MPI_Mprobe"));
  EXPECT_FALSE(restartable_method("recv", "MPI_Recv"));
  EXPECT_FALSE(restartable_method("sendrecv", "MPI_Mprobe"));
  EXPECT_FALSE(restartable_method("Sendrecv", "MPI_Sendrecv"));
  EXPECT_FALSE(restartable_method("bcast", "MPI_Bcast"));
  EXPECT_TRUE(restartable_method("Waitall", "MPI_Waitall"));
}

}  // namespace
}  // namespace chkpt::mpi
