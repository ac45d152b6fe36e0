// SPDX-License-Identifier: BSD-3-Clause
#include "base/wait_for.hpp"

#include <array>
#include <chrono>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "base/unique_fd.hpp"

namespace chkpt {
namespace {

using Clock = std::chrono::steady_clock;

// No descriptor more is allowed while it lives; those that are open stay.
class NoOpenFiles {
 public:
  NoOpenFiles() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit none{0, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ~NoOpenFiles() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_{};
};

// Among three: one that is quiet, `full`, and one that asks for nothing.
void expect_to_find(int full, int quiet) {
  std::array<pollfd, 3> entries{{{quiet, POLLIN, 0}, {full, POLLIN, 0}, {-1, POLLIN, 0}}};
  EXPECT_EQ(wait_for_any(entries.data(), entries.size(), -1), 1);
  EXPECT_EQ(entries[0].revents, 0);
  EXPECT_EQ(entries[1].revents, POLLIN);
  EXPECT_EQ(entries[2].revents, 0);
}

TEST(WaitForAny, FindsWhatCanBeRead) {
  const UniqueFd quiet(::eventfd(0, 0));
  const UniqueFd full(::eventfd(1, 0));
  const UniqueFd beyond(::fcntl(full.get(), F_DUPFD, 1100));  // more than an fd_set holds
  ASSERT_TRUE(beyond);
  expect_to_find(full.get(), quiet.get());
  const NoOpenFiles none;
  expect_to_find(full.get(), quiet.get());
  expect_to_find(beyond.get(), quiet.get());
}

TEST(WaitForAny, WaitsAsLongAsItIsToldWhereNoFileMayBeOpen) {
  const UniqueFd quiet(::eventfd(0, 0));
  const NoOpenFiles none;
  pollfd entry{quiet.get(), POLLIN, 0};
  const auto before = Clock::now();
  EXPECT_EQ(wait_for_any(&entry, 1, 1050), 0);
  EXPECT_GE(Clock::now() - before, std::chrono::milliseconds(1050));
}

}  // namespace
}  // namespace chkpt
