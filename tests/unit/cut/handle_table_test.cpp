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
  const auto possible = [](const char* method, const char* call, bool one_number = false) {
    return restart_of(method, call, one_number).possible;
  };
  EXPECT_TRUE(possible("Recv", "MPI_Recv"));
  EXPECT_TRUE(possible("recv", "MPI_Mprobe"));
  EXPECT_FALSE(possible("recv", "MPI_Recv"));
  EXPECT_TRUE(possible("Waitall", "MPI_Waitall"));
  EXPECT_TRUE(possible("Barrier", "MPI_Barrier"));
  EXPECT_FALSE(possible("allreduce", "MPI_Recv"));
  EXPECT_FALSE(possible("", "MPI_Barrier"));
}

TEST(RestartableTest, the_size_before_the_data_but_not_the_data) {
  EXPECT_TRUE(restart_of("bcast", "MPI_Bcast", true).possible);
  EXPECT_FALSE(restart_of("bcast", "MPI_Bcast", false).possible);
  EXPECT_TRUE(restart_of("bcast", "MPI_Bcast", true).pickles);
  EXPECT_TRUE(restart_of("Bcast", "MPI_Bcast", false).possible);
  EXPECT_FALSE(restart_of("Bcast", "MPI_Bcast", false).pickles);
}

TEST(RestartableTest, a_pickled_exchange_needs_the_log_of_its_send) {
  EXPECT_TRUE(restart_of("sendrecv", "MPI_Mprobe", false).after_send);
  EXPECT_FALSE(restart_of("recv", "MPI_Mprobe", false).after_send);
}

}  // namespace
}  // namespace chkpt::mpi
