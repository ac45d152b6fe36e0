// SPDX-License-Identifier: BSD-3-Clause
// Changes that meet: names that are given to other files, links, directories that come and go.
#include "unit/files/journal_fixture.hpp"

#include <csignal>
#include <functional>
#include <set>

#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace chkpt::files {
namespace {

class UndoTest : public JournalTest {
 protected:
  // Makes the changes after a snapshot; then everything must be taken back, also a second time.
  void expect_undone(const std::function<void()>& changes) {
    start(1, 0).captured(5);
    const std::string before = picture(base_ + "/script");
    changes();
    EXPECT_NE(picture(base_ + "/script"), before);
    for (int time = 0; time < 2; ++time) {
      EXPECT_TRUE(undo(1, 5).empty());
      EXPECT_EQ(picture(base_ + "/script"), before);
    }
  }
  // Takes back in a child that is killed before its `calls`-th system call that changes something.
  // True if it got through.
  bool undo_and_die(int calls) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      ::raise(SIGSTOP);
      ::_exit(undo(1, 5).empty() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD), 0);
    while (WIFSTOPPED(status)) {
      if (about_to_change_something(child) && --calls == 0) {
        ::kill(child, SIGKILL);
      } else {
        EXPECT_EQ(::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr), 0);
      }
      ::waitpid(child, &status, 0);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  static bool about_to_change_something(pid_t child) {
    static const std::set<std::uint64_t> only_look = {
        SYS_read,  SYS_pread64, SYS_newfstatat, SYS_openat, SYS_close,    SYS_fcntl,
        SYS_lseek, SYS_mmap,    SYS_munmap,     SYS_brk,    SYS_readlink, SYS_getdents64};
    __ptrace_syscall_info call{};
    ::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof call, &call);
    return call.op == PTRACE_SYSCALL_INFO_ENTRY && only_look.count(call.entry.nr) == 0;
  }
  void rename(const char* from, const char* to) {
    ASSERT_EQ(::rename((work_ + from).c_str(), (work_ + to).c_str()), 0);
  }
  void unlink(const char* name) { ASSERT_EQ(::unlink((work_ + name).c_str()), 0); }
};

TEST_F(UndoTest, a_file_that_took_the_name_of_another) {
  for (const char* name : {"a", "b", "c"}) write_at_end(work_ + name, name);
  expect_undone([&] {
    rename("a", "d");
    rename("b", "a");
    rename("a", "c");
    write_at_end(work_ + "c", "more");
  });
}

TEST_F(UndoTest, a_directory_that_could_not_be_removed_at_first) {
  ::mkdir((work_ + "d").c_str(), 0750);
  write_at_end(work_ + "d/a", "one");
  expect_undone([&] {
    EXPECT_NE(::rmdir((work_ + "d").c_str()), 0);
    unlink("d/a");
    EXPECT_EQ(::rmdir((work_ + "d").c_str()), 0);
  });
}

TEST_F(UndoTest, a_file_in_the_place_of_a_directory) {
  ::mkdir((work_ + "d").c_str(), 0750);
  write_at_end(work_ + "a", "one");
  expect_undone([&] {
    EXPECT_EQ(::rmdir((work_ + "d").c_str()), 0);
    rename("a", "d");
  });
}

TEST_F(UndoTest, a_renamed_directory_that_was_removed) {
  ::mkdir((work_ + "d").c_str(), 0750);
  write_at_end(work_ + "d/a", "one");
  expect_undone([&] {
    rename("d", "e");
    unlink("e/a");
    EXPECT_EQ(::rmdir((work_ + "e").c_str()), 0);
  });
}

TEST_F(UndoTest, a_renamed_directory_whose_old_name_is_used_again) {
  for (const char* name : {"d", "f"}) ::mkdir((work_ + name).c_str(), 0750);
  write_at_end(work_ + "d/a", "one");
  write_at_end(work_ + "b", "two");
  expect_undone([&] {
    rename("d", "e");
    EXPECT_EQ(::mkdir((work_ + "d").c_str(), 0755), 0);
    rename("b", "d/a");
    unlink("e/a");
    EXPECT_EQ(::rmdir((work_ + "e").c_str()), 0);
  });
}

TEST_F(UndoTest, a_directory_that_could_not_be_renamed) {
  for (const char* name : {"d", "e"}) ::mkdir((work_ + name).c_str(), 0750);
  write_at_end(work_ + "e/a", "one");
  expect_undone([&] {
    EXPECT_NE(::rename((work_ + "d").c_str(), (work_ + "e").c_str()), 0);
    unlink("e/a");
    EXPECT_EQ(::rmdir((work_ + "e").c_str()), 0);
  });
}

TEST_F(UndoTest, a_file_in_the_place_of_a_directory_that_could_not_be_removed_at_first) {
  ::mkdir((work_ + "d").c_str(), 0750);
  write_at_end(work_ + "d/a", "one");
  expect_undone([&] {
    EXPECT_NE(::rmdir((work_ + "d").c_str()), 0);
    unlink("d/a");
    EXPECT_EQ(::rmdir((work_ + "d").c_str()), 0);
    write_at_end(work_ + "d", "a file");
  });
}

TEST_F(UndoTest, a_name_of_a_file_that_another_name_had_made_shorter) {
  write_at_end(work_ + "a", "one and more");
  ASSERT_EQ(::link((work_ + "a").c_str(), (work_ + "b").c_str()), 0);
  expect_undone([&] {
    write_at_end(work_ + "a", "ONE", 0);
    EXPECT_EQ(::chmod((work_ + "b").c_str(), 0600), 0);
    EXPECT_EQ(::truncate((work_ + "a").c_str(), 2), 0);
  });
}

TEST_F(UndoTest, goes_on_wherever_an_earlier_one_was_killed) {
  for (int calls = 1;; ++calls) {
    for (const char* name : {"d", "e", "d/c"}) ::mkdir((work_ + name).c_str(), 0750);
    for (const char* name : {"a", "d/a", "d/c/a", "e/a"}) write_at_end(work_ + name, name);
    Journal& journal = start(1, 0);
    journal.captured(5);
    const std::string before = picture(base_ + "/script");
    rename("d", "f");
    rename("e", "d");
    rename("a", "d/c");
    rename("f/c", "e");
    unlink("f/a");
    EXPECT_EQ(::rmdir((work_ + "f").c_str()), 0);
    write_at_end(work_ + "f", "a file");
    const bool through = undo_and_die(calls);
    EXPECT_TRUE(undo(1, 5).empty());
    ASSERT_EQ(picture(base_ + "/script"), before) << "killed before call " << calls;
    if (through) break;
    TearDown();
    SetUp();
  }
}

TEST_F(UndoTest, what_was_made_through_a_link_to_nothing) {
  ASSERT_EQ(::symlink("nothing", (work_ + "link").c_str()), 0);
  expect_undone([&] { write_at_end(work_ + "link", "something", 0); });
}

TEST_F(UndoTest, what_was_changed_by_a_new_name) {
  write_at_end(work_ + "a", "one");
  expect_undone([&] {
    ASSERT_EQ(::link((work_ + "a").c_str(), (work_ + "b").c_str()), 0);
    write_at_end(work_ + "b", "TWO", 0);
  });
}

TEST_F(UndoTest, names_of_one_file_stay_names_of_one_file) {
  write_at_end(work_ + "a", "one");
  ASSERT_EQ(::link((work_ + "a").c_str(), (work_ + "b").c_str()), 0);
  expect_undone([&] { unlink("a"); });
  struct stat a {
  }, b{};
  ASSERT_EQ(::stat((work_ + "a").c_str(), &a) | ::stat((work_ + "b").c_str(), &b), 0);
  EXPECT_EQ(a.st_ino, b.st_ino);
}

TEST_F(UndoTest, a_copy_of_a_held_file_stays_the_snapshots) {
  write_at_end(work_ + "data", "as it was");
  Journal& journal = start(1, 0);
  const std::vector<HeldFile> copies = journal.hold({work_ + "data"}, 5);
  ASSERT_EQ(copies.size(), 1U);
  unlink("data");
  EXPECT_TRUE(undo(1, 5).empty());
  EXPECT_EQ(contents(work_ + "data"), "as it was");
  write_at_end(work_ + "data", ", and more");
  EXPECT_EQ(contents(base_ + "/run/files/" + copies[0].kept), "as it was");
}

TEST_F(UndoTest, names_of_one_file_whichever_is_changed) {
  for (const char* name : {"a", "c"}) write_at_end(work_ + name, name);
  ASSERT_EQ(::link((work_ + "a").c_str(), (work_ + "b").c_str()), 0);
  expect_undone([&] {
    write_at_end(work_ + "a", "AND MORE", 0);
    rename("c", "a");
    write_at_end(work_ + "b", "and this", 0);
  });
  write_at_end(work_ + "b", "both");
  EXPECT_EQ(contents(work_ + "a"), contents(work_ + "b"));
}

TEST_F(UndoTest, the_mode_of_a_file) {
  for (const char* name : {"a", "b"}) write_at_end(work_ + name, name);
  expect_undone([&] {
    EXPECT_EQ(::chmod((work_ + "a").c_str(), 0400), 0);
    write_at_end(work_ + "b", "more");
    EXPECT_EQ(::chmod((work_ + "b").c_str(), 0400), 0);
  });
}

}  // namespace
}  // namespace chkpt::files
