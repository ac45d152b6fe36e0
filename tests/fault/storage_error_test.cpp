// SPDX-License-Identifier: BSD-3-Clause
// Errors at every single file system call of a snapshot: the snapshot fails with one clear line or
// is whole, the one before stays intact, nothing is left behind, and the next one succeeds.
#include <cerrno>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "fault_control.hpp"

namespace chkpt::store {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Matches;

class StorageErrorTest : public FaultTest,
                         public ::testing::WithParamInterface<std::pair<int, bool>> {
 protected:
  // Returns the error's text, "" when the snapshot succeeded all the same.
  std::string try_snapshot(RunDirectory& run, const Generation& generation, std::uint64_t epoch) {
    try {
      take_snapshot(run, generation, epoch);
    } catch (const IoError& error) {
      return error.what();
    }
    return "";
  }
  static void expect_no_part_files(const std::string& path) {
    for (const auto& entry : boost::filesystem::recursive_directory_iterator(path)) {
      EXPECT_NE(entry.path().extension(), ".part") << entry.path();
    }
  }
};

TEST_P(StorageErrorTest, leaves_the_previous_snapshot_intact) {
  const auto [error, sticky] = GetParam();
  RunDirectory run = open_run();
  const Generation generation = run.claim("test");
  take_snapshot(run, generation, 1);
  std::uint64_t epoch = 1;
  long failures = 0;
  for (long at = 1;; ++at) {
    const std::uint64_t before = newest_intact(run);
    faults_.arm(FaultKind::kError, error, sticky, at);
    const std::string text = try_snapshot(run, generation, ++epoch);
    const long calls = faults_.disarm();
    if (text.empty()) {
      EXPECT_EQ(newest_intact(run), epoch) << "call " << at;
    } else {
      ++failures;
      EXPECT_EQ(newest_intact(run), before) << "call " << at << ": " << text;
      EXPECT_THAT(text, HasSubstr("/")) << "names no file";
      EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    }
    // A failing unlink is the one case in which something may stay until the next snapshot.
    take_snapshot(run, generation, ++epoch);
    ASSERT_EQ(newest_intact(run), epoch) << "after call " << at;
    expect_no_part_files(run.path());
    if (at > calls) break;
  }
  EXPECT_GT(failures, 20);
  EXPECT_LE(run.snapshots().size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Errors, StorageErrorTest,
                         ::testing::Values(std::pair(ENOSPC, false), std::pair(ENOSPC, true),
                                           std::pair(EIO, false), std::pair(EIO, true),
                                           std::pair(EDQUOT, true)));

class StorageFaultTest : public FaultTest {};

TEST_F(StorageFaultTest, short_writes_are_continued) {
  RunDirectory run = open_run();
  const Generation generation = run.claim("test");
  std::uint64_t epoch = 0;
  for (long at = 1;; ++at) {
    faults_.arm(FaultKind::kShort, 0, true, at);
    take_snapshot(run, generation, ++epoch);
    const long calls = faults_.disarm();
    ASSERT_EQ(newest_intact(run), epoch) << "call " << at;
    if (at > calls) break;
  }
}

TEST_F(StorageFaultTest, failing_claims_and_marks_are_errors) {
  for (long at = 1;; ++at) {
    RunDirectory run = open_run();
    faults_.arm(FaultKind::kError, ENOSPC, true, at);
    bool failed = false;
    try {
      run.claim("test");
      run.mark_finished({0, "job", 0, "", 0});
    } catch (const IoError& error) {
      failed = true;
      EXPECT_THAT(error.what(), HasSubstr("is full"));
    }
    const long calls = faults_.disarm();
    // A mark that could not be made durable may be seen all the same.
    EXPECT_TRUE(failed || run.finished().has_value()) << "call " << at;
    run.clear_finished();
    if (at > calls) break;
  }
}

TEST_F(StorageFaultTest, a_start_does_not_wait_for_the_disk) {
  RunDirectory run = open_run();
  faults_.arm(FaultKind::kError, EIO, false, 0);
  run.claim("test");
  EXPECT_EQ(faults_.disarm(), 3);  // open, write and close of one file
}

TEST_F(StorageFaultTest, a_file_size_limit_is_one_clear_line) {
  RunDirectory run = open_run();
  const Generation generation = run.claim("test");
  take_snapshot(run, generation, 1);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{50000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string text = "nothing";
  try {
    take_snapshot(run, generation, 2);
  } catch (const IoError& error) {
    text = error.what();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_THAT(text, HasSubstr("rank-00000.h5 needs 1"));
  EXPECT_THAT(text, HasSubstr("more than the file size limit"));
  EXPECT_EQ(newest_intact(run), 1U);
}

// A disk that really is full, in a mount of the child's own.
TEST_F(StorageFaultTest, a_full_disk_is_one_clear_line) {
  const std::string disk = temporary_.path() + "/disk";
  ASSERT_EQ(::mkdir(disk.c_str(), 0700), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=400k") != 0) {
      ::_exit(77);
    }
    RunDirectory run = RunDirectory::open_or_create(disk + "/run");
    const Generation generation = run.claim("test");
    take_snapshot(run, generation, 1);
    try {
      take_snapshot(run, generation, 2);
    } catch (const IoError& error) {
      const std::string text = error.what();
      if (!Matches(ContainsRegex("^" + disk + " is full: 1..\\.. kB needed, [0-9.]+ kB free"))(
              text)) {
        std::fprintf(stderr, "message: %s\n", text.c_str());
        ::_exit(3);
      }
      ::_exit(newest_intact(run) == 1 && !HasFailure() ? 0 : 4);
    }
    ::_exit(5);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "may not mount here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace chkpt::store
