// SPDX-License-Identifier: BSD-3-Clause
// Rank files: what is written comes back, and nothing that was changed is accepted.
#include "store/rank_file.hpp"

#include <cstring>

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "store/h5/reader.hpp"
#include "unit/store/snapshot_fixture.hpp"

namespace chkpt::store {
namespace {

using ::testing::HasSubstr;

class RankFileTest : public StoreTest {
 protected:
  // One committed snapshot of two ranks.
  void SetUp() override {
    RunDirectory run = open_run();
    const Generation generation = run.claim("test");
    name_ = commit_snapshot(run, generation, 420);
    snapshot_ = run.snapshot(name_);
    ASSERT_EQ(snapshot_.state, SnapshotState::kCommitted) << snapshot_.reason;
  }
  std::string file_path(int rank) const { return snapshot_.path + "/" + rank_file_name(rank, 2); }
  std::string refusal(int rank = 0) const {
    try {
      RankFile::read_verified(snapshot_, rank);
    } catch (const FormatError& error) {
      return error.what();
    }
    return "accepted";
  }

  std::string name_;
  SnapshotRef snapshot_;
};

TEST_F(RankFileTest, gives_back_what_was_staged) {
  RankFile file = RankFile::read_verified(snapshot_, 1);
  const SampleState state(2);
  EXPECT_EQ(file.id().run_id, "test-run");
  EXPECT_EQ(file.id().epoch, 420U);
  EXPECT_EQ(file.id().rank, 1);
  EXPECT_EQ(file.id().nranks, 2);
  EXPECT_EQ(file.meta_json(), R"({"format":1})");
  EXPECT_EQ(file.mpi().text(), "mpi state");
  EXPECT_EQ(file.pickle().text(), ByteView(state.pickle).text());
  ASSERT_EQ(file.buffer_count(), 3U);
  EXPECT_EQ(file.buffer(0).format, "i");
  EXPECT_EQ(file.buffer(0).shape, (std::vector<std::uint64_t>{2, 5}));
  EXPECT_FALSE(file.buffer(0).readonly);
  EXPECT_FALSE(file.buffer_is_dataset(0));
  ASSERT_EQ(file.buffer(0).bytes.size, 40U);
  EXPECT_EQ(std::memcmp(file.buffer(0).bytes.data, state.small.data(), 40), 0);
  EXPECT_TRUE(file.buffer(1).readonly);
  EXPECT_TRUE(file.buffer_is_dataset(1));
  ASSERT_EQ(file.buffer(1).bytes.size, state.doubles.size() * 8);
  EXPECT_EQ(std::memcmp(file.buffer(1).bytes.data, state.doubles.data(), state.doubles.size() * 8),
            0);
  EXPECT_EQ(file.buffer(2).bytes.size, 0U);
}

TEST_F(RankFileTest, aligns_buffers_and_lets_them_be_changed) {
  RankFile file = RankFile::read_verified(snapshot_, 0);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(file.buffer_data(i)) % 64, 0U);
  }
  file.buffer_data(1)[0] = 99;
  EXPECT_EQ(file.buffer(1).bytes.data[0], 99);
}

TEST_F(RankFileTest, equal_state_gives_equal_bytes) {
  const SampleState state(5);
  const Staged first = stage(state.image({"r", 1, 0, 1}));
  // Another image in between dirties the cached staging memory.
  { stage(SampleState(9).image({"other", 2, 0, 1})); }
  const Staged second = stage(state.image({"r", 1, 0, 1}));
  EXPECT_EQ(first.data().text(), second.data().text());
}

TEST_F(RankFileTest, shows_its_datasets) {
  const RankFile file = RankFile::read_verified(snapshot_, 0);
  const h5::Reader reader(file.file_bytes());
  std::vector<std::string> seen;
  for (const auto& dataset : reader.datasets()) seen.push_back(dataset.path + " " + dataset.type);
  EXPECT_THAT(seen, ::testing::ElementsAre(
                        "/buffers/000001 float64",
                        ::testing::StartsWith("/index {where: uint8, flags: uint8, ndim: uint8, "
                                              "offset: uint64, length: uint64, format: text[40]"),
                        "/meta uint8", "/mpi uint8", "/packed uint8", "/pickle uint8"));
  EXPECT_EQ(reader.datasets()[0].shape, (std::vector<std::uint64_t>{128, 128}));
}

// A file without large buffers: short enough to try every byte of it.
class SmallRankFileTest : public StoreTest {
 protected:
  void SetUp() override {
    RunDirectory run = open_run();
    const Generation generation = run.claim("test");
    const SnapshotDir target = run.begin(7, kRunId, 1, generation);
    SampleState state(3);
    RankImage image = state.image({kRunId, 7, 0, 1});
    image.buffers.resize(1);
    Manifest manifest{kManifestVersion, kRunId, 7, 0, 1, 1, {}, {}};
    manifest.files = {write_rank_file(stage(image), target)};
    run.commit(target, manifest, generation);
    snapshot_ = run.snapshot(target.name());
    path_ = snapshot_.path + "/rank-00000.h5";
    ASSERT_EQ(snapshot_.state, SnapshotState::kCommitted) << snapshot_.reason;
  }
  bool accepted() const {
    try {
      RankFile::read_verified(snapshot_, 0);
      return true;
    } catch (const FormatError&) {
      return false;
    }
  }

  SnapshotRef snapshot_;
  std::string path_;
};

TEST_F(SmallRankFileTest, finds_every_flipped_byte) {
  const std::string bytes = read_all_of(path_);
  ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  const auto put = [&](std::size_t at, int value) {
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(value));
    file.flush();
  };
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int change : {1 << (at % 8), 0xff}) {
      put(at, bytes[at] ^ change);
      ASSERT_FALSE(accepted()) << "byte " << at << " changed by " << change;
    }
    put(at, bytes[at]);
  }
  EXPECT_TRUE(accepted());
}

TEST_F(SmallRankFileTest, finds_every_truncation) {
  const auto size = static_cast<off_t>(read_all_of(path_).size());
  ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  for (off_t shorter = size - 1; shorter >= 0; --shorter) {
    ASSERT_EQ(::truncate(path_.c_str(), shorter), 0);
    ASSERT_FALSE(accepted()) << shorter;
    // Without a MANIFEST, too.
    ASSERT_THROW(RankFile::read_file(path_), FormatError) << shorter;
  }
}

TEST_F(RankFileTest, refuses_swapped_files) {
  const std::string zero = read_all_of(file_path(0));
  const std::string one = read_all_of(file_path(1));
  ASSERT_EQ(zero.size(), one.size());
  overwrite(file_path(0), one);
  overwrite(file_path(1), zero);
  EXPECT_THAT(refusal(0), HasSubstr("belongs elsewhere: it is rank 1 of 2, epoch 420"));
  EXPECT_THAT(refusal(1), HasSubstr("belongs elsewhere: it is rank 0 of 2"));
}

TEST_F(RankFileTest, refuses_a_file_of_another_epoch_or_run) {
  const SampleState state(1);
  RunDirectory run = open_run();
  const Generation generation = run.claim("again");
  const std::string other = commit_snapshot(run, generation, 421);
  overwrite(file_path(0), read_all_of(run.path() + "/" + other + "/rank-00000.h5"));
  EXPECT_THAT(refusal(0), HasSubstr("belongs elsewhere: it is rank 0 of 2, epoch 421"));

  const SnapshotDir target = run.begin(422, "test-rux", 2, generation);
  write_rank_file(stage(state.image({"test-rux", 420, 0, 2})), target);
  overwrite(file_path(0), read_all_of(target.path() + "/rank-00000.h5"));
  EXPECT_THAT(refusal(0), HasSubstr("run test-rux"));
}

TEST_F(RankFileTest, refuses_another_intact_file_of_the_same_rank_and_epoch) {
  RunDirectory run = open_run();
  const Generation generation = run.claim("again");
  const SnapshotDir target = run.begin(423, kRunId, 2, generation);
  write_rank_file(stage(SampleState(77).image({kRunId, 420, 0, 2})), target);
  overwrite(file_path(0), read_all_of(target.path() + "/rank-00000.h5"));
  EXPECT_THAT(refusal(0), HasSubstr("is not the file that the MANIFEST lists"));
}

TEST_F(RankFileTest, refuses_links_and_files_of_wrong_mode_or_kind) {
  const std::string path = file_path(0);
  ASSERT_EQ(::chmod(path.c_str(), 0460), 0);
  EXPECT_THAT(refusal(), HasSubstr("others may write to it (mode 0460)"));
  ASSERT_EQ(::rename(path.c_str(), (path + ".real").c_str()), 0);
  EXPECT_THAT(refusal(), HasSubstr("is missing"));
  ASSERT_EQ(::chmod((path + ".real").c_str(), 0400), 0);
  ASSERT_EQ(::symlink((path + ".real").c_str(), path.c_str()), 0);
  EXPECT_THAT(refusal(), HasSubstr("a symbolic link"));
  ASSERT_EQ(::unlink(path.c_str()), 0);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(refusal(), HasSubstr("not a regular file"));
}

TEST_F(RankFileTest, names_the_damaged_block) {
  std::string bytes = read_all_of(file_path(0));
  bytes[10] ^= 1;
  overwrite(file_path(0), bytes);
  EXPECT_THAT(refusal(), HasSubstr("rank-00000.h5: damaged in block 0 (bytes 0 to "));
}

}  // namespace
}  // namespace chkpt::store
