// SPDX-License-Identifier: BSD-3-Clause
#include "base/apart_thread.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace chkpt {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(ApartThreadTest, does_what_it_is_given_in_order) {
  ApartThread thread;
  std::string done;
  thread.post([&] { done += "a"; });
  thread.post([&] { done += "b"; });
  thread.call([&] { done += "c"; });
  EXPECT_EQ(done, "abc");
}

TEST(ApartThreadTest, call_throws_what_the_work_throws) {
  ApartThread thread;
  EXPECT_THROW(thread.call([] { throw std::runtime_error("no"); }), std::runtime_error);
  bool alive = false;
  thread.call([&] { alive = true; });
  EXPECT_TRUE(alive);
}

TEST(ApartThreadTest, is_idle_when_a_call_has_returned) {
  ApartThread thread;
  for (int i = 0; i < 1000; ++i) {
    thread.call([] {});
    ASSERT_TRUE(thread.is_idle());
  }
  thread.call([&] { EXPECT_FALSE(thread.is_idle()); });
}

TEST(ApartThreadTest, takes_no_number_from_the_process) {
  ApartThread thread;
  const int next = ::open("/dev/null", O_RDONLY);
  ::close(next);
  int there = -1;
  thread.call([&] { there = ::open("/dev/null", O_RDONLY); });
  EXPECT_GE(there, 3);  // nothing of its own stands where a standard stream would be
  const int here = ::open("/dev/null", O_RDONLY);
  EXPECT_EQ(here, next);
  ::close(here);
  thread.call([&] { ::close(there); });
}

TEST(ApartThreadTest, keeps_its_files_when_the_process_closes_everything) {
  char name[] = "/tmp/chkpt-apart-XXXXXX";
  const int made = ::mkstemp(name);
  ASSERT_GE(made, 0);
  ApartThread thread;
  int file = -1;
  thread.call([&] { file = ::open(name, O_WRONLY); });
  ::close(made);
  if (file != made) ::close(file);  // of that number here, if there is one
  thread.call([&] {
    EXPECT_EQ(::write(file, "kept", 4), 4);
    ::close(file);
  });
  struct stat info {};
  ASSERT_EQ(::stat(name, &info), 0);
  EXPECT_EQ(info.st_size, 4);
  ::unlink(name);
}

TEST(ApartThreadTest, shares_only_its_event) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ApartThread thread;
  const int kept = thread.event();
  thread.call([&] {
    EXPECT_TRUE(has_own_descriptors());
    EXPECT_TRUE(is_open(kept));
    EXPECT_FALSE(is_open(ends[0]));
    EXPECT_FALSE(is_open(ends[1]));
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(kept, &one, sizeof one), static_cast<ssize_t>(sizeof one));
  });
  EXPECT_FALSE(has_own_descriptors());
  // The reader sees the end although the thread lives.
  ::close(ends[1]);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);
  std::uint64_t count = 0;
  EXPECT_EQ(::read(kept, &count, sizeof count), static_cast<ssize_t>(sizeof count));
  ::close(ends[0]);
}

TEST(ApartThreadTest, ends_when_all_is_done) {
  int done = 0;
  {
    ApartThread thread;
    for (int i = 0; i < 100; ++i) thread.post([&] { ++done; });
  }
  EXPECT_EQ(done, 100);
}

}  // namespace
}  // namespace chkpt
