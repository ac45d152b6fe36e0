// SPDX-License-Identifier: BSD-3-Clause
// A run's directory: who may use it, what counts as committed, fencing, marks.
#include "store/run_directory.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "unit/store/snapshot_fixture.hpp"
#include "store/walk_back.hpp"

namespace chkpt::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

mode_t mode_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

void touch(const std::string& path) { std::ofstream(path) << "x"; }

class RunDirectoryTest : public StoreTest {};

std::string usage_error(const std::string& path) {
  try {
    RunDirectory::open_or_create(path);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST_F(RunDirectoryTest, keeps_everything_private) {
  const mode_t before = ::umask(0);
  RunDirectory run = open_run();
  const Generation generation = run.claim("job 1");
  const std::string name = commit_snapshot(run, generation, 1);
  ::umask(before);
  EXPECT_EQ(mode_of(temporary_.path() + "/checkpoints"), 0700U);
  EXPECT_EQ(mode_of(run.path()), 0700U);
  EXPECT_EQ(mode_of(run.path() + "/" + name), 0700U);
  for (const char* file : {"rank-00000.h5", "rank-00001.h5", "MANIFEST", "checkpoint.h5"}) {
    EXPECT_EQ(mode_of(run.path() + "/" + name + "/" + file), 0400U) << file;
  }
  EXPECT_EQ(read_all_of(run.path() + "/LATEST"), name + "\n");
}

TEST_F(RunDirectoryTest, refuses_directories_that_are_not_the_users_alone) {
  const std::string path = temporary_.path() + "/run";
  ASSERT_EQ(::mkdir(path.c_str(), 0700), 0);
  EXPECT_EQ(usage_error(path + "/"), "accepted");
  ASSERT_EQ(::chmod(path.c_str(), 0770), 0);
  EXPECT_THAT(usage_error(path), HasSubstr("others may write to it (mode 0770)"));
  ASSERT_EQ(::chmod(path.c_str(), 0702), 0);
  EXPECT_THAT(usage_error(path), HasSubstr("others may write to it"));
  ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
  EXPECT_EQ(usage_error(path), "accepted");
  const std::string link = temporary_.path() + "/link";
  ASSERT_EQ(::symlink(path.c_str(), link.c_str()), 0);
  EXPECT_THAT(usage_error(link), HasSubstr("a symbolic link"));
  EXPECT_THAT(usage_error(link + "/"), HasSubstr("a symbolic link"));
  touch(temporary_.path() + "/file");
  EXPECT_THAT(usage_error(temporary_.path() + "/file"), HasSubstr("not a directory"));
  EXPECT_THROW(RunDirectory::open(temporary_.path() + "/missing"), IoError);
}

TEST_F(RunDirectoryTest, refuses_another_users_directory) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a directory away";
  const std::string path = temporary_.path() + "/run";
  ASSERT_EQ(::mkdir(path.c_str(), 0700), 0);
  ASSERT_EQ(::chown(path.c_str(), 12345, 12345), 0);
  EXPECT_THAT(usage_error(path), HasSubstr("belongs to user 12345"));
}

TEST_F(RunDirectoryTest, lists_newest_epoch_first) {
  RunDirectory run = open_run();
  const Generation generation = run.claim("job 1");
  for (const std::uint64_t epoch : {9UL, 10UL, 100000000000UL, 2UL}) {
    commit_snapshot(run, generation, epoch);
  }
  EXPECT_THAT(committed(), ElementsAre(100000000000, 10, 9, 2));
  EXPECT_EQ(run.highest_epoch(), 100000000000U);
}

TEST_F(RunDirectoryTest, judges_what_is_wrong_with_a_snapshot) {
  RunDirectory run = open_run();
  const Generation generation = run.claim("job 1");
  const std::string name = commit_snapshot(run, generation, 1);
  const std::string path = run.path() + "/" + name;
  const auto reason = [&] {
    const SnapshotRef ref = run.snapshot(name);
    return ref.state == SnapshotState::kDamaged ? ref.reason : "not damaged";
  };
  touch(path + "/notes.txt");  // a file too many does no harm
  EXPECT_EQ(reason(), "not damaged");

  const std::string rank_bytes = read_all_of(path + "/rank-00001.h5");
  overwrite(path + "/rank-00001.h5", rank_bytes + "x");
  EXPECT_THAT(reason(), HasSubstr("rank-00001.h5 is"));
  ASSERT_EQ(::unlink((path + "/rank-00001.h5").c_str()), 0);
  EXPECT_EQ(reason(), "rank-00001.h5 is missing");
  ASSERT_EQ(::symlink((path + "/rank-00000.h5").c_str(), (path + "/rank-00001.h5").c_str()), 0);
  EXPECT_THAT(reason(), HasSubstr("rank-00001.h5: not a regular file"));
  ASSERT_EQ(::unlink((path + "/rank-00001.h5").c_str()), 0);
  overwrite((touch(path + "/rank-00001.h5"), path + "/rank-00001.h5"), rank_bytes);
  EXPECT_EQ(reason(), "not damaged");

  std::string manifest = read_all_of(path + "/MANIFEST");
  overwrite(path + "/MANIFEST", manifest + " ");
  EXPECT_THAT(reason(), HasSubstr("MANIFEST: cut short, damaged or edited"));
  overwrite(path + "/MANIFEST", "");
  EXPECT_THAT(reason(), HasSubstr("MANIFEST: cut short"));
  overwrite(path + "/MANIFEST", manifest);
  ASSERT_EQ(::chmod((path + "/MANIFEST").c_str(), 0620), 0);
  EXPECT_THAT(reason(), HasSubstr("others may write to it"));
  ASSERT_EQ(::chmod((path + "/MANIFEST").c_str(), 0600), 0);
  ASSERT_EQ(::chmod(path.c_str(), 0720), 0);
  EXPECT_THAT(reason(), HasSubstr("others may write to it"));
  ASSERT_EQ(::chmod(path.c_str(), 0700), 0);
  EXPECT_EQ(reason(), "not damaged");
  ASSERT_EQ(::unlink((path + "/MANIFEST").c_str()), 0);
  EXPECT_EQ(run.snapshot(name).state, SnapshotState::kIncomplete);
}

TEST_F(RunDirectoryTest, a_renamed_snapshot_stands_for_no_other_epoch) {
  RunDirectory run = open_run();
  const Generation generation = run.claim("job 1");
  const std::string name = commit_snapshot(run, generation, 1);
  const std::string other = snapshot_name(2, kRunId, generation.number);
  ASSERT_EQ(::rename((run.path() + "/" + name).c_str(), (run.path() + "/" + other).c_str()), 0);
  EXPECT_EQ(run.snapshot(other).state, SnapshotState::kDamaged);
  EXPECT_THAT(run.snapshot(other).reason, HasSubstr("is that of epoch 1"));
}

TEST_F(RunDirectoryTest, commit_needs_every_file_in_place) {
  RunDirectory run = open_run();
  const Generation generation = run.claim("job 1");
  const SnapshotDir target = run.begin(5, kRunId, 2, generation);
  const Manifest manifest = write_ranks(target, 5, 2);
  ASSERT_EQ(::unlink((target.path() + "/rank-00001.h5").c_str()), 0);
  EXPECT_THROW(run.commit(target, manifest, generation), FormatError);
  EXPECT_TRUE(committed().empty());
  run.drop(target);
  EXPECT_NE(::access(target.path().c_str(), F_OK), 0);
  EXPECT_NO_THROW(commit_snapshot(run, generation, 5));
}

TEST_F(RunDirectoryTest, large_runs_use_folders_of_a_thousand) {
  RunDirectory run = open_run();
  const Generation generation = run.claim("job 1");
  const SnapshotDir target = run.begin(5, kRunId, 2001, generation);
  const SampleState state;
  const RankFileInfo file = write_rank_file(stage(state.image({kRunId, 5, 2000, 2001})), target);
  EXPECT_EQ(file.name, "part-002/rank-02000.h5");
  EXPECT_EQ(::access((target.path() + "/" + file.name).c_str(), R_OK), 0);
  run.drop(target);
  EXPECT_NE(::access(target.path().c_str(), F_OK), 0);
}

TEST_F(RunDirectoryTest, a_newer_generation_fences_the_older_one) {
  RunDirectory old_run = open_run();
  const Generation old_generation = old_run.claim("job 1 on node1");
  commit_snapshot(old_run, old_generation, 1);
  const SnapshotDir unfinished = old_run.begin(2, kRunId, 2, old_generation);
  const Manifest manifest = write_ranks(unfinished, 2, 2);

  RunDirectory new_run = open_run();
  const Generation new_generation = new_run.claim("job 1 (restart 1) on node2");
  EXPECT_FALSE(old_run.is_current(old_generation));
  EXPECT_TRUE(new_run.is_current(new_generation));
  EXPECT_EQ(new_run.newest_generation()->owner, "job 1 (restart 1) on node2");
  try {
    old_run.commit(unfinished, manifest, old_generation);
    FAIL() << "the older incarnation committed";
  } catch (const Fenced& error) {
    EXPECT_THAT(error.what(), HasSubstr("taken over by job 1 (restart 1) on node2"));
  }
  EXPECT_THROW(old_run.begin(3, kRunId, 2, old_generation), Fenced);
  EXPECT_THAT(committed(), ElementsAre(1));
  // Even a rename of the MANIFEST that comes after its last look changes nothing.
  const Directory& late = unfinished.directory();
  std::ofstream("/proc/self/fd/" + std::to_string(late.fd()) + "/MANIFEST")
      << format_manifest(manifest);
  EXPECT_THAT(committed(), ElementsAre(1));
  EXPECT_EQ(new_run.highest_epoch(), 2U);
  commit_snapshot(new_run, new_generation, 3);
  EXPECT_THAT(committed(), ElementsAre(3, 1));
}

TEST_F(RunDirectoryTest, removed_generation_files_stop_commits) {
  RunDirectory run = open_run();
  const Generation generation = run.claim("job 1");
  ASSERT_EQ(::unlink((run.path() + "/GENERATION-0000000001").c_str()), 0);
  EXPECT_THROW(commit_snapshot(run, generation, 1), Fenced);
}

TEST_F(RunDirectoryTest, verifies_all_ranks) {
  RunDirectory run = open_run();
  const Generation generation = run.claim("job 1");
  const SnapshotRef ref = run.snapshot(commit_snapshot(run, generation, 1, 3));
  EXPECT_THAT(verify_rank_files(ref), ElementsAre("", "", ""));
  std::string bytes = read_all_of(ref.path + "/rank-00001.h5");
  bytes[5000] ^= 4;
  overwrite(ref.path + "/rank-00001.h5", bytes);
  EXPECT_THAT(verify_rank_files(ref), ElementsAre("", HasSubstr("damaged in block 0"), ""));
}

TEST_F(RunDirectoryTest, remembers_that_the_script_ended) {
  RunDirectory run = open_run();
  EXPECT_FALSE(run.finished());
  run.mark_finished({3, "42", 1, "1a2b", 0});
  ASSERT_TRUE(run.finished());
  EXPECT_EQ(run.finished()->exit_code, 3);
  EXPECT_EQ(run.finished()->job, "42");
  EXPECT_EQ(run.finished()->restart, 1);
  EXPECT_EQ(run.finished()->identity, "1a2b");
  EXPECT_GT(run.finished()->time_unix_ns, 0);
  run.clear_finished();
  EXPECT_FALSE(run.finished());
  touch(run.path() + "/FINISHED");
  EXPECT_THROW((void)run.finished(), FormatError);
}

TEST_F(RunDirectoryTest, takes_a_request_once) {
  RunDirectory run = open_run();
  EXPECT_FALSE(run.take_request());
  touch(run.path() + "/REQUEST");
  EXPECT_TRUE(run.take_request());
  EXPECT_FALSE(run.take_request());
}

TEST_F(RunDirectoryTest, follows_the_directory_when_the_process_moves) {
  char* const before = ::getcwd(nullptr, 0);
  ASSERT_EQ(::chdir(temporary_.path().c_str()), 0);
  RunDirectory run = RunDirectory::open_or_create("here/run");
  ASSERT_EQ(::chdir("/"), 0);
  const Generation generation = run.claim("job 1");
  const std::string name = commit_snapshot(run, generation, 1);
  EXPECT_THAT(verify_rank_files(run.snapshot(name)), ElementsAre("", ""));
  ASSERT_EQ(::chdir(before), 0);
  ::free(before);
}

}  // namespace
}  // namespace chkpt::store
