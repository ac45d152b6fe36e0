// SPDX-License-Identifier: BSD-3-Clause
#include "base/file.hpp"

#include <cstdlib>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <gmock/gmock.h>

#include "base/anonymous_memory.hpp"
#include "base/error.hpp"

namespace chkpt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FileTest : public ::testing::Test {
 protected:
  FileTest() : directory_(Directory::open(make())) {}
  ~FileTest() override {
    boost::system::error_code ignored;
    boost::filesystem::remove_all(directory_.path(), ignored);
  }
  static std::string make() {
    std::string name = "/tmp/chkpt-file-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    return name;
  }
  std::string contents(const std::string& name) const {
    return read_text(directory_.open_file(name, O_RDONLY), name, 1 << 20);
  }

  Directory directory_;
};

ByteView bytes(std::string_view text) { return ByteView(text); }

TEST_F(FileTest, a_pending_file_appears_only_when_published) {
  {
    PendingFile file(directory_, "a");
    file.append(bytes("one "));
    file.append(bytes("two"));
    EXPECT_THAT(directory_.names(), ElementsAre("a.part"));
    file.flush(0400);
    EXPECT_THAT(directory_.names(), ElementsAre("a.part"));
    file.publish(0400);
    EXPECT_THAT(directory_.names(), ElementsAre("a"));
  }
  EXPECT_EQ(contents("a"), "one two");
  EXPECT_EQ(directory_.stat("a")->st_mode & 07777, 0400U);
}

TEST_F(FileTest, an_unpublished_file_leaves_nothing) {
  {
    PendingFile file(directory_, "a", 100000);
    file.append(bytes("x"));
  }
  {
    PendingFile file(directory_, "b");
    file.flush(0600);
  }
  EXPECT_THAT(directory_.names(), IsEmpty());
}

TEST_F(FileTest, too_large_a_reservation_is_cut) {
  PendingFile file(directory_, "a", 100000);
  file.append(bytes("x"));
  file.publish(0600);
  EXPECT_EQ(directory_.stat("a")->st_size, 1);
}

TEST_F(FileTest, never_writes_into_an_existing_part_file_or_through_a_link) {
  PendingFile first(directory_, "a");
  EXPECT_THROW(PendingFile(directory_, "a"), IoError);
  ASSERT_EQ(::symlinkat("/tmp/elsewhere", directory_.fd(), "b.part"), 0);
  EXPECT_THROW(PendingFile(directory_, "b"), IoError);
  EXPECT_THROW(directory_.open_file("b.part", O_RDONLY), IoError);
  EXPECT_THROW(directory_.open_child("b.part"), IoError);
}

TEST_F(FileTest, a_short_file_is_a_format_error) {
  PendingFile file(directory_, "a");
  file.append(bytes("12345"));
  file.publish(0600);
  const UniqueFd fd = directory_.open_file("a", O_RDONLY);
  char buffer[8];
  read_all(fd.get(), buffer, 5, 0, "a");
  EXPECT_EQ(std::string(buffer, 5), "12345");
  EXPECT_THROW(read_all(fd.get(), buffer, 6, 0, "a"), FormatError);
  EXPECT_THROW(read_text(fd, "a", 4), FormatError);
}

TEST_F(FileTest, closing_badly_is_reported) {
  UniqueFd fd = directory_.open_file("a", O_WRONLY | O_CREAT, 0600);
  ::close(fd.get());
  EXPECT_THROW(fd.close("a"), IoError);
  EXPECT_FALSE(fd);
}

std::string io_text(int error, std::uint64_t needed) {
  try {
    throw_io("cannot write", "/tmp/x", error, needed);
  } catch (const IoError& thrown) {
    EXPECT_EQ(thrown.errno_value(), error);
    return thrown.what();
  }
}

TEST_F(FileTest, a_full_disk_has_a_line_of_its_own) {
  EXPECT_THAT(io_text(ENOSPC, 12300000),
              ::testing::MatchesRegex("/[^ ]* is full: 12.3 MB needed, [0-9.]+ .?B free "
                                      "\\(/tmp/x\\)"));
  EXPECT_THAT(io_text(EDQUOT, 12300000), HasSubstr("disk quota exceeded on /"));
  EXPECT_EQ(io_text(EFBIG, 5000), "/tmp/x needs 5.0 kB, more than the file size limit (ulimit -f)");
  EXPECT_EQ(io_text(EIO, 5), "cannot write /tmp/x: Input/output error");
}

// In a child: the limit and the signal's default action would take the test down.
TEST_F(FileTest, a_file_size_limit_is_an_error_and_not_the_end) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_DFL);
    try {
      PendingFile file(directory_, "a");
      file.append(bytes(std::string(2000, 'x')));
    } catch (const IoError& error) {
      ::_exit(error.errno_value() == EFBIG ? 7 : 8);
    }
    ::_exit(9);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_THAT(directory_.names(), IsEmpty());
}

TEST_F(FileTest, directories_are_sorted_and_leave_what_is_not_empty) {
  EXPECT_TRUE(directory_.create_child("d", 0700));
  EXPECT_FALSE(directory_.create_child("d", 0700));
  const Directory child = directory_.open_child("d");
  child.open_file("z", O_CREAT | O_WRONLY, 0600);
  child.open_file("y", O_CREAT | O_WRONLY, 0600);
  EXPECT_THAT(child.names(), ElementsAre("y", "z"));
  EXPECT_FALSE(directory_.remove_child("d"));
  EXPECT_TRUE(child.unlink("y"));
  EXPECT_FALSE(child.unlink("y"));
  child.unlink("z");
  EXPECT_TRUE(directory_.remove_child("d"));
  EXPECT_FALSE(directory_.contains("d"));
}

TEST(AnonymousMemoryTest, says_how_much_was_wanted) {
  try {
    AnonymousMemory memory(std::size_t{1} << 62);
    FAIL();
  } catch (const IoError& error) {
    EXPECT_EQ(error.errno_value(), ENOMEM);
    EXPECT_THAT(error.what(), HasSubstr("4.6 EB"));
  }
  AnonymousMemory a(100);
  AnonymousMemory b = std::move(a);
  b.data()[99] = 1;
  EXPECT_EQ(a.data(), nullptr);  // NOLINT(bugprone-use-after-move): the point of the test
}

}  // namespace
}  // namespace chkpt
