// SPDX-License-Identifier: BSD-3-Clause
#include "files/descriptors.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files/own_descriptors.hpp"

namespace chkpt::files {
namespace {

using descriptors::Known;
using descriptors::Origin;

bool g_in_python = false;

// This test plays the interpreter: what it opens is Python's while g_in_python is set.
class DescriptorsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    descriptors::begin();
    descriptors::watch(reinterpret_cast<const void*>(&DescriptorsTest::SetUpTestSuite),
                       [] { return g_in_python; });
  }
  void SetUp() override { g_in_python = true; }
  void TearDown() override {
    g_in_python = false;
    for (const int fd : opened_) ::close(fd);
  }

  int opened(int fd) {
    EXPECT_GE(fd, 0);
    opened_.push_back(fd);
    return fd;
  }

 private:
  std::vector<int> opened_;
};

Origin origin_of(int number) {
  for (const Known& known : descriptors::known()) {
    if (known.number == number) return known.origin;
  }
  return Origin::kNone;
}

TEST_F(DescriptorsTest, WhatIsKeptIsNotClosedByPython) {
  const int before = opened(::open("/dev/null", O_RDONLY));
  int kept = -1;
  {
    const own_descriptors::Keeping keeping;
    kept = ::open("/dev/zero", O_RDONLY);
  }
  const int after = opened(::open("/dev/null", O_RDONLY));
  errno = 0;
  EXPECT_EQ(::close(kept), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_EQ(::dup2(before, kept), -1);
  EXPECT_EQ(errno, EBUSY);
  const int many = ::fcntl(before, F_DUPFD_CLOEXEC, 3000);
  ASSERT_GE(many, 3000);
  EXPECT_EQ(::close_range(static_cast<unsigned>(before), 10000, 0), 0);
  EXPECT_EQ(::close_range(9, 8, 0), -1);
  EXPECT_GE(::fcntl(kept, F_GETFD), 0);
  EXPECT_LT(::fcntl(before, F_GETFD), 0);
  EXPECT_LT(::fcntl(after, F_GETFD), 0);
  EXPECT_LT(::fcntl(many, F_GETFD), 0);
  own_descriptors::keep_no_more();
  EXPECT_EQ(::close(kept), 0);
}

TEST_F(DescriptorsTest, KnowsWhatPythonOpenedCopiedAndMade) {
  const int fd = opened(::open("/dev/null", O_RDONLY));
  const int copy = opened(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  opened(ends[0]);
  opened(ends[1]);
  EXPECT_EQ(origin_of(fd), Origin::kOpened);
  EXPECT_EQ(origin_of(copy), Origin::kCopied);
  EXPECT_EQ(origin_of(ends[0]), Origin::kMade);
  EXPECT_EQ(origin_of(ends[1]), Origin::kMade);
  EXPECT_EQ(descriptors::lower_of_same_file(copy), std::vector<int>{fd});
}

TEST_F(DescriptorsTest, KnowsSocketsTerminalsAndTimers) {
  int ends[2], listening = opened(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  int terminal[2];
  ASSERT_EQ(::openpty(&terminal[0], &terminal[1], nullptr, nullptr, nullptr), 0);
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, 0);
  for (const int fd : {ends[0], ends[1], terminal[0], terminal[1], timer}) opened(fd);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;  // a name without a file, of the system's choice
  ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)), 0);
  ASSERT_EQ(::listen(listening, 1), 0);
  socklen_t length = sizeof address;
  ASSERT_EQ(::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &length), 0);
  const int calling = opened(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::connect(calling, reinterpret_cast<sockaddr*>(&address), length), 0);
  const int called = opened(::accept(listening, nullptr, nullptr));
  for (const int fd : {listening, ends[0], ends[1], terminal[0], terminal[1], timer, called})
    EXPECT_EQ(origin_of(fd), Origin::kMade) << fd;
}

TEST_F(DescriptorsTest, ForgetsWhatIsClosedOrBecomesAnothers) {
  const int fd = ::open("/dev/null", O_RDONLY);
  ::close(fd);
  EXPECT_EQ(origin_of(fd), Origin::kNone);
  EXPECT_EQ(opened(::open("/dev/null", O_RDONLY)), fd);
  EXPECT_EQ(origin_of(fd), Origin::kOpened);
  g_in_python = false;
  ASSERT_EQ(::dup2(0, fd), fd);
  EXPECT_EQ(origin_of(fd), Origin::kNone);
}

TEST_F(DescriptorsTest, AChildThatSharesTheMemoryChangesNothing) {
  const int fd = opened(::open("/dev/null", O_RDONLY));
  // What Python's module subprocess does.
  // NOLINTBEGIN(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork)
  const pid_t child = ::vfork();
  if (child == 0) {
    ::close(fd);
    ::_exit(0);
  }
  // NOLINTEND(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork)
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(origin_of(fd), Origin::kOpened);
}

TEST_F(DescriptorsTest, TellsTheStreamsTheProcessWasGiven) {
  struct stat info {};
  ASSERT_EQ(::fstat(opened(::dup(1)), &info), 0);
  struct stat own {};
  ASSERT_EQ(::fstat(1, &own), 0);
  const auto stream = descriptors::as_standard_stream(info);
  ASSERT_TRUE(stream);
  EXPECT_EQ(*stream, 1);
}

TEST_F(DescriptorsTest, SetsApartWhatIsOpenBeforePython) {
  const auto is_apart = [](int number) {
    struct stat info {};
    return ::fstat(number, &info) == 0 && descriptors::is_set_apart(number, info);
  };
  const int library = ::open("/dev/zero", O_RDONLY);
  descriptors::set_apart();
  const int later = opened(::open("/dev/zero", O_RDONLY));
  EXPECT_TRUE(is_apart(library));
  EXPECT_FALSE(is_apart(later));
  EXPECT_FALSE(is_apart(0));
  ::close(library);
  EXPECT_EQ(opened(::open("/dev/null", O_RDONLY)), library);
  EXPECT_FALSE(is_apart(library));
}

TEST_F(DescriptorsTest, HeldNumbersAreGivenToTheScriptAlone) {
  g_in_python = false;
  const int first = ::open("/dev/null", O_RDONLY);
  ::close(first);
  int wanted = first + 1;  // some may be open from the start
  while (::fcntl(wanted, F_GETFD) != -1) ++wanted;
  low_numbers::hold();
  const int high = ::open("/dev/null", O_RDONLY);
  EXPECT_GT(high, first + 50);
  EXPECT_TRUE(low_numbers::give(high, wanted, false));
  EXPECT_EQ(::fcntl(high, F_GETFD), -1);
  const int other = ::open("/dev/null", O_RDONLY);
  EXPECT_FALSE(low_numbers::give(other, wanted, false));
  ::close(other);
  low_numbers::release();
  EXPECT_EQ(opened(::open("/dev/null", O_RDONLY)), first);
  EXPECT_EQ(::fcntl(opened(wanted), F_GETFD), FD_CLOEXEC);
}

}  // namespace
}  // namespace chkpt::files
