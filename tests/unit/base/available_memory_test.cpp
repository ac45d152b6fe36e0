// SPDX-License-Identifier: BSD-3-Clause
#include "base/available_memory.hpp"

#include <cstdlib>
#include <fstream>

#include <boost/filesystem.hpp>
#include <gtest/gtest.h>

namespace chkpt {
namespace {

class AvailableMemoryTest : public ::testing::Test {
 protected:
  AvailableMemoryTest() {
    if (::mkdtemp(root_.data()) == nullptr) std::abort();
    write("/proc/meminfo", "MemTotal:  9000 kB\nMemFree: 10 kB\nMemAvailable:    2000 kB\n");
  }
  ~AvailableMemoryTest() override {
    boost::system::error_code ignored;
    boost::filesystem::remove_all(root_, ignored);
  }
  void write(const std::string& path, const std::string& text) {
    boost::filesystem::create_directories(boost::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  void write_group(const std::string& group, const std::string& limit, const std::string& usage) {
    write("/sys/fs/cgroup" + group + "/memory.max", limit + "\n");
    write("/sys/fs/cgroup" + group + "/memory.current", usage + "\n");
  }

  std::string root_ = "/tmp/chkpt-memory-XXXXXX";
};

TEST_F(AvailableMemoryTest, is_what_the_system_has_without_groups) {
  EXPECT_EQ(available_memory(root_), 2000U * 1024);
  write("/proc/meminfo", "MemTotal:  9000 kB\n");
  EXPECT_EQ(available_memory(root_), 0U);
  EXPECT_GT(available_memory(), 0U);
}

TEST_F(AvailableMemoryTest, is_what_the_narrowest_group_leaves) {
  write("/proc/self/cgroup", "1:name=systemd:/x\n0::/slurm/job_7/step_0\n");
  write_group("/slurm/job_7/step_0", "max", "900");
  EXPECT_EQ(available_memory(root_), 2000U * 1024);
  write_group("/slurm/job_7", "1000", "900");
  write_group("/slurm", "100000", "900");
  EXPECT_EQ(available_memory(root_), 100U);
  write("/sys/fs/cgroup/slurm/job_7/memory.stat", "anon 600\ninactive_file 250\n");
  EXPECT_EQ(available_memory(root_), 350U);
  write_group("/slurm/job_7", "1000", "2000");
  write("/sys/fs/cgroup/slurm/job_7/memory.stat", "anon 600\n");
  EXPECT_EQ(available_memory(root_), 0U);
}

TEST_F(AvailableMemoryTest, knows_groups_of_version_1) {
  write("/proc/self/cgroup", "5:cpu:/a\n4:hugetlb,memory:/slurm/uid_1\n");
  write("/sys/fs/cgroup/memory/slurm/uid_1/memory.limit_in_bytes", "5000\n");
  write("/sys/fs/cgroup/memory/slurm/uid_1/memory.usage_in_bytes", "1500\n");
  write("/sys/fs/cgroup/memory/slurm/uid_1/memory.stat", "cache 9\ntotal_inactive_file 500\n");
  EXPECT_EQ(available_memory(root_), 4000U);
  // Seen from inside a container the path leads nowhere; the top is the container's.
  write("/proc/self/cgroup", "4:memory:/docker/1\n");
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "700\n");
  write("/sys/fs/cgroup/memory/memory.usage_in_bytes", "0\n");
  EXPECT_EQ(available_memory(root_), 700U);
}

}  // namespace
}  // namespace chkpt
