// SPDX-License-Identifier: BSD-3-Clause
// What the journal notes, and that it suffices to take it back.
#include "unit/files/journal_fixture.hpp"

#include <csignal>
#include <cstdio>
#include <functional>
#include <map>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

namespace chkpt::files {
namespace {

TEST_F(JournalTest, WhatWasAppendedIsCutOff) {
  write_at_end(work_ + "log", "one\n");
  start(1, 0).captured(5);
  for (int i = 0; i < 3; ++i) write_at_end(work_ + "log", "two\n");
  EXPECT_EQ(noted(), 1u);
  EXPECT_TRUE(undo(1, 5).empty());
  EXPECT_EQ(contents(work_ + "log"), "one\n");
  EXPECT_TRUE(undo(1, 5).empty());  // a start that died before it was done
  EXPECT_EQ(contents(work_ + "log"), "one\n");
}

TEST_F(JournalTest, OwnChangesAreNotNoted) {
  start(1, 0).captured(5);
  {
    const OwnChanges own;
    { const OwnChanges within; }
    write_at_end(work_ + "own", "chkpt's\n");
  }
  EXPECT_EQ(noted(), 0u);
  write_at_end(work_ + "log", "the script's\n");
  EXPECT_EQ(noted(), 1u);
}

TEST_F(JournalTest, OnlyWhatCameAfterTheSnapshot) {
  Journal& journal = start(1, 0);
  write_at_end(work_ + "log", "0");
  journal.captured(1);
  write_at_end(work_ + "log", "1");
  journal.captured(2);
  write_at_end(work_ + "log", "2");
  EXPECT_TRUE(undo(1, 2).empty());
  EXPECT_EQ(contents(work_ + "log"), "01");
  EXPECT_TRUE(undo(1, 1).empty());
  EXPECT_EQ(contents(work_ + "log"), "0");
}

TEST_F(JournalTest, LaterGenerationsBeganWithTheSnapshot) {
  start(1, 0).captured(4);
  write_at_end(work_ + "log", "a");
  start(2, 4);
  write_at_end(work_ + "log", "b");
  EXPECT_TRUE(undo(1, 4).empty());
  EXPECT_EQ(contents(work_ + "log"), "<absent>");
  forget_undone(run(), 0, {1, 4});
  EXPECT_EQ(noted(), 0u);
}

TEST_F(JournalTest, EverythingIsAsItWas) {
  write_at_end(work_ + "overwritten", "old");
  write_at_end(work_ + "grown and cut", "0123456789");
  write_at_end(work_ + "removed", "precious");
  write_at_end(work_ + "replaced", "before");
  write_at_end(work_ + "chain", "1");
  ::chmod((work_ + "removed").c_str(), 0640);
  ::mkdir((work_ + "tree").c_str(), 0755);
  ::mkdir((work_ + "tree/inner").c_str(), 0700);
  write_at_end(work_ + "tree/inner/leaf", "leaf");
  ::mkdir((work_ + "moving").c_str(), 0755);
  write_at_end(work_ + "moving/file", "moved along");
  ASSERT_EQ(::symlink("removed", (work_ + "link").c_str()), 0);
  const std::string before = picture(work_);

  start(1, 0).captured(1);
  write_at_end(work_ + "overwritten", "new", O_TRUNC);
  write_at_end(work_ + "grown and cut", "ABC");
  const int fd = ::open((work_ + "grown and cut").c_str(), O_WRONLY | O_APPEND);
  ASSERT_EQ(::ftruncate(fd, 2), 0);
  ::close(fd);
  ::unlink((work_ + "removed").c_str());
  write_at_end(work_ + "temporary", "after");
  ::rename((work_ + "temporary").c_str(), (work_ + "replaced").c_str());
  ::rename((work_ + "chain").c_str(), (work_ + "chain.1").c_str());
  write_at_end(work_ + "chain", "2");
  write_at_end(work_ + "chain.1", "grew under its new name");
  ::unlink((work_ + "tree/inner/leaf").c_str());
  ::rmdir((work_ + "tree/inner").c_str());
  ::rmdir((work_ + "tree").c_str());
  ::rename((work_ + "moving").c_str(), (work_ + "moved").c_str());
  write_at_end(work_ + "moved/file", " and changed");
  write_at_end(work_ + "moved/another", "x");
  ::unlink((work_ + "link").c_str());
  ASSERT_EQ(::symlink("elsewhere", (work_ + "link").c_str()), 0);
  ::mkdir((work_ + "made").c_str(), 0755);
  write_at_end(work_ + "made/file", "x");
  std::FILE* const stream = std::fopen((work_ + "by fopen").c_str(), "w");
  std::fclose(stream);

  EXPECT_NE(picture(work_), before);
  EXPECT_TRUE(undo(1, 1).empty());
  EXPECT_EQ(picture(work_), before);
  EXPECT_TRUE(undo(1, 1).empty());
  EXPECT_EQ(picture(work_), before);
}

TEST_F(JournalTest, AFileHeldOpenIsKeptAtTheCut) {
  write_at_end(work_ + "records", "AAAA");
  const int fd = ::open((work_ + "records").c_str(), O_RDWR);
  start(1, 0).captured(1);
  ASSERT_EQ(::pwrite(fd, "B", 1, 0), 1);
  ::close(fd);
  EXPECT_TRUE(undo(1, 1).empty());
  EXPECT_EQ(contents(work_ + "records"), "AAAA");
}

TEST_F(JournalTest, OneThatIsOnlyAppendedToIsNotKept) {
  write_at_end(work_ + "log", "AAAA");
  const int fd = ::open((work_ + "log").c_str(), O_WRONLY);
  ASSERT_EQ(::lseek(fd, 0, SEEK_END), 4);
  start(1, 0).captured(1);
  ASSERT_EQ(::write(fd, "BB", 2), 2);
  ASSERT_EQ(::lseek(fd, 4, SEEK_SET), 4);
  ASSERT_EQ(::pwrite(fd, "C", 1, 5), 1);
  ::close(fd);
  EXPECT_EQ(noted(), 0u);
}

// Ways to write before the end that a file had at the snapshot, through a descriptor that was held
// for writing only, at that end.
const std::map<std::string, std::function<void(int)>> kOverwriting = {
    {"lseek",
     [](int fd) {
       ::lseek(fd, 1, SEEK_SET);
       EXPECT_EQ(::write(fd, "B", 1), 1);
     }},
    {"several steps",
     [](int fd) {
       EXPECT_EQ(::write(fd, "CC", 2), 2);
       ::lseek(fd, -5, SEEK_CUR);
       EXPECT_EQ(::write(fd, "B", 1), 1);
     }},
    {"pwrite", [](int fd) { EXPECT_EQ(::pwrite(fd, "B", 1, 2), 1); }},
    {"pwritev",
     [](int fd) {
       char text[] = "B";
       const iovec piece{text, 1};
       EXPECT_EQ(::pwritev(fd, &piece, 1, 0), 1);
     }},
    {"ftruncate", [](int fd) { EXPECT_EQ(::ftruncate(fd, 1), 0); }},
    {"copy of the descriptor",
     [](int fd) {
       const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 10);
       ::lseek(::dup2(copy, 20), 0, SEEK_SET);
       EXPECT_EQ(::write(fd, "B", 1), 1);
       ::close(copy);
       ::close(20);
     }},
    {"stream",
     [](int fd) {
       std::FILE* const stream = ::fdopen(::dup(fd), "w");
       std::fseek(stream, -3, SEEK_END);
       std::fputs("B", stream);
       std::fclose(stream);
     }},
    {"rewound stream",
     [](int fd) {
       std::FILE* const stream = ::fdopen(::dup(fd), "w");
       std::rewind(stream);
       std::fputs("B", stream);
       std::fclose(stream);
     }},
    {"forked child",
     [](int fd) {
       const pid_t child = ::fork();
       if (child == 0) {
         ::lseek(::dup(fd), 0, SEEK_SET);
         ::_exit(::write(fd, "B", 1) != 1);
       }
       ::waitpid(child, nullptr, 0);
     }},
};

TEST_F(JournalTest, OneThatIsOverwrittenAllTheSameIsKeptBefore) {
  for (const auto& [name, overwrite] : kOverwriting) {
    write_at_end(work_ + name, "AAAA");
    const int fd = ::open((work_ + name).c_str(), O_WRONLY);
    ::lseek(fd, 0, SEEK_END);
    start(1, 0).captured(1);
    overwrite(fd);
    EXPECT_NE(contents(work_ + name), "AAAA") << name;
    EXPECT_TRUE(undo(1, 1).empty()) << name;
    EXPECT_EQ(contents(work_ + name).substr(0, 4), "AAAA") << name;  // whoever holds it cuts it
    ::close(fd);
    fs::remove(work_ + name);
    forget_all(run());
  }
}

TEST_F(JournalTest, OneHeldBeforeItsEndIsKeptAtTheCut) {
  write_at_end(work_ + "records", "AAAA");
  const int fd = ::open((work_ + "records").c_str(), O_WRONLY);
  start(1, 0).captured(1);
  ASSERT_EQ(::write(fd, "B", 1), 1);
  ::close(fd);
  EXPECT_TRUE(undo(1, 1).empty());
  EXPECT_EQ(contents(work_ + "records"), "AAAA");
}

TEST_F(JournalTest, OneWhoseNameIsGivenUpIsKeptApart) {
  for (const std::string way : {"removed", "renamed", "replaced"}) {
    write_at_end(work_ + way, "AAAA");
    const int fd = ::open((work_ + way).c_str(), O_WRONLY);
    ::lseek(fd, 0, SEEK_END);
    start(1, 0).captured(1);
    if (way == "removed") ::unlink((work_ + way).c_str());
    if (way == "renamed") ::rename((work_ + way).c_str(), (work_ + "other").c_str());
    if (way == "replaced") {
      write_at_end(work_ + "other", "C");
      ::rename((work_ + "other").c_str(), (work_ + way).c_str());
    }
    ASSERT_EQ(::pwrite(fd, "B", 1, 0), 1);
    ::close(fd);
    EXPECT_TRUE(undo(1, 1).empty());
    EXPECT_EQ(contents(work_ + way), "AAAA") << way;
    forget_all(run());
  }
}

TEST_F(JournalTest, OneThatNoLongerOnlyAppends) {
  write_at_end(work_ + "log", "AAAA");
  const int fd = ::open((work_ + "log").c_str(), O_WRONLY | O_APPEND);
  start(1, 0).captured(1);
  ASSERT_EQ(::fcntl(fd, F_SETFL, 0), 0);
  ASSERT_EQ(::pwrite(fd, "B", 1, 0), 1);
  ::close(fd);
  EXPECT_TRUE(undo(1, 1).empty());
  EXPECT_EQ(contents(work_ + "log"), "AAAA");
}

TEST_F(JournalTest, AFileThatGrowsWhileItIsRenamed) {
  write_at_end(work_ + "log", "one\n");
  start(1, 0).captured(1);
  const int fd = ::open((work_ + "log").c_str(), O_WRONLY | O_APPEND);
  ::rename((work_ + "log").c_str(), (work_ + "log.old").c_str());
  ASSERT_EQ(::write(fd, "two\n", 4), 4);
  ::close(fd);
  EXPECT_TRUE(undo(1, 1).empty());
  EXPECT_EQ(contents(work_ + "log"), "one\n");
  EXPECT_EQ(contents(work_ + "log.old"), "<absent>");
}

TEST_F(JournalTest, AForkedChildNotesToo) {
  Journal& journal = start(1, 0);
  journal.captured(1);
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::open((work_ + "by child").c_str(), O_WRONLY | O_CREAT, 0600);
    ::_exit(fd < 0);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(undo(1, 1).empty());
  EXPECT_EQ(contents(work_ + "by child"), "<absent>");
}

TEST_F(JournalTest, WhatNoSnapshotNeedsIsDropped) {
  write_at_end(work_ + "state", "0");
  Journal& journal = start(1, 0);
  for (int epoch = 1; epoch <= 4; ++epoch) {
    journal.captured(static_cast<std::uint64_t>(epoch));
    write_at_end(work_ + "state", std::to_string(epoch), O_TRUNC);
  }
  EXPECT_EQ(noted(), 4u);
  journal.forget_before(3);
  EXPECT_EQ(noted(), 2u);
  EXPECT_EQ(run().open_child("files").names().size(), 3u);  // the journal and two kept files
  EXPECT_TRUE(undo(1, 3).empty());
  EXPECT_EQ(contents(work_ + "state"), "2");
}

TEST_F(JournalTest, WhatIsTooLargeToKeepIsSaid) {
  write_at_end(work_ + "large", "");
  ASSERT_EQ(::truncate((work_ + "large").c_str(), (64 << 20) + 1), 0);
  start(1, 0).captured(1);
  write_at_end(work_ + "large", "small", O_TRUNC);
  const auto problems = undo(1, 1);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("had not been kept"), std::string::npos) << problems[0];
}

TEST_F(JournalTest, DamageIsSaidAndTheRestDone) {
  start(1, 0).captured(1);
  write_at_end(work_ + "a", "a");
  write_at_end(work_ + "b", "b");
  const std::string path = base_ + "/run/files/journal-0";
  std::string text = contents(path);
  text[40] ^= 1;
  std::ofstream(path, std::ios::binary) << text;
  EXPECT_EQ(undo(1, 1).size(), 1u);
  EXPECT_EQ(contents(work_ + "b"), "<absent>");
}

TEST_F(JournalTest, AJournalThatOthersMayWriteIsNotBelieved) {
  start(1, 0).captured(1);
  write_at_end(work_ + "a", "a");
  ::chmod((base_ + "/run/files/journal-0").c_str(), 0666);
  EXPECT_ANY_THROW(undo(1, 1));
  EXPECT_EQ(contents(work_ + "a"), "a");
}

TEST_F(JournalTest, OtherMachinesFilesAreTheirs) {
  start(1, 0).captured(1);
  write_at_end(work_ + "a", "a");
  const std::string path = base_ + "/run/files/journal-0";
  auto lines = decode_all(contents(path));
  ASSERT_EQ(lines.entries.size(), 1u);
  if (lines.entries[0].host.empty()) GTEST_SKIP() << "/tmp is on a shared file system here";
  lines.entries[0].host = "another";  // renamed machine, same directory
  std::ofstream(path) << encode(lines.entries[0]);
  lines.entries[0].folder += 1;  // another machine's directory of that name
  std::ofstream(path) << encode(lines.entries[0]);
  EXPECT_TRUE(undo(1, 1).empty());
  EXPECT_EQ(contents(work_ + "a"), "a");
}

// What `action` writes to standard error, read from a pipe: no limit on files applies to it.
std::string said_by(const std::function<void()>& action) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
  const int terminal = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  ::close(ends[1]);
  action();
  ::dup2(terminal, STDERR_FILENO);
  ::close(terminal);
  std::string text(4096, '\0');
  text.resize(std::max<ssize_t>(0, ::read(ends[0], text.data(), text.size())));
  ::close(ends[0]);
  return text;
}

TEST_F(JournalTest, AFullDiskStopsNobody) {
  start(1, 0).captured(1);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);  // as in every Python
  int fd = -1;
  const std::string said = said_by([&] {
    const rlimit small = {0, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    fd = ::open((work_ + "a").c_str(), O_WRONLY | O_CREAT, 0600);
    ::setrlimit(RLIMIT_FSIZE, &before);
  });
  std::signal(SIGXFSZ, handler);
  EXPECT_GE(fd, 0);
  ::close(fd);
  EXPECT_NE(said.find("cannot be put back"), std::string::npos) << said;
}

}  // namespace
}  // namespace chkpt::files
