// SPDX-License-Identifier: BSD-3-Clause
// Changes that meet: names that are given to other files, links, directories that come and go.
#include "unit/files/journal_fixture.hpp"

#include <functional>

#include <sys/stat.h>

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
