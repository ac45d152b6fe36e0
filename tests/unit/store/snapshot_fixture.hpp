// SPDX-License-Identifier: BSD-3-Clause
// A run directory in a temporary place, and small snapshots to put into it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <gtest/gtest.h>

#include "store/rank_file.hpp"
#include "store/run_directory.hpp"
#include "store/writer.hpp"

namespace chkpt::store {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    const char* base = std::getenv("TMPDIR");
    std::string name = std::string(base != nullptr ? base : "/tmp") + "/chkpt-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = boost::filesystem::canonical(name).string();
  }
  ~TemporaryDirectory() {
    boost::system::error_code ignored;
    boost::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Everything a rank image borrows, filled with bytes that depend on the seed.
struct SampleState {
  explicit SampleState(unsigned seed = 1)
      : small(10), pickle(3000), doubles(std::size_t{16} * 1024) {
    for (std::size_t i = 0; i < pickle.size(); ++i) {
      pickle[i] = static_cast<std::uint8_t>(i * 7 + seed);
    }
    for (std::size_t i = 0; i < doubles.size(); ++i) doubles[i] = static_cast<double>(i) * seed;
    for (std::size_t i = 0; i < small.size(); ++i) small[i] = static_cast<int>(i * seed);
  }
  RankImage image(Identity id) const {
    RankImage out;
    out.id = std::move(id);
    out.meta_json = R"({"format":1})";
    out.pickle = {ByteView(pickle.data(), 1000), ByteView(pickle.data() + 1000, 2000)};
    out.buffers = {{{small.data(), small.size() * sizeof(int)}, "i", {2, 5}, false},
                   {{doubles.data(), doubles.size() * 8}, "d", {128, 128}, true},
                   {{}, "d", {0}, false}};
    out.mpi = ByteView(std::string_view("mpi state"));
    return out;
  }

  std::vector<int> small;
  std::vector<std::uint8_t> pickle;
  std::vector<double> doubles;
};

inline std::string read_all_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void overwrite(const std::string& path, const std::string& bytes) {
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0) << path;
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
  ASSERT_TRUE(out.flush().good()) << path;
}

class StoreTest : public ::testing::Test {
 protected:
  static constexpr char kRunId[] = "test-run";

  RunDirectory open_run() const { return RunDirectory::open_or_create(run_path()); }
  std::string run_path() const { return temporary_.path() + "/checkpoints/test-run"; }
  // Newest first.
  std::vector<std::uint64_t> committed() const {
    std::vector<std::uint64_t> epochs;
    for (const SnapshotRef& ref : open_run().snapshots()) {
      if (ref.state == SnapshotState::kCommitted) epochs.push_back(ref.epoch);
    }
    return epochs;
  }

  // Writes and commits a snapshot of `nranks` ranks; returns its name.
  static std::string commit_snapshot(RunDirectory& run, const Generation& generation,
                                     std::uint64_t epoch, int nranks = 2) {
    const SnapshotDir target = run.begin(epoch, kRunId, nranks, generation);
    run.commit(target, write_ranks(target, epoch, nranks), generation);
    return target.name();
  }
  static Manifest write_ranks(const SnapshotDir& target, std::uint64_t epoch, int nranks) {
    Manifest manifest;
    manifest.run_id = kRunId;
    manifest.epoch = epoch;
    manifest.nranks = nranks;
    manifest.created_unix_ns = 1700000000000000000 + static_cast<std::int64_t>(epoch);
    manifest.facts = {{"job", "42"}};
    for (int rank = 0; rank < nranks; ++rank) {
      const SampleState state(static_cast<unsigned>(rank) + 1);
      manifest.files.push_back(
          write_rank_file(stage(state.image({kRunId, epoch, rank, nranks})), target));
    }
    return manifest;
  }

  TemporaryDirectory temporary_;
};

}  // namespace chkpt::store
