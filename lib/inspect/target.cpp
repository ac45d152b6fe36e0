// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/target.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <numeric>
#include <system_error>

#include "base/error.hpp"
#include "inspect/text.hpp"
#include "store/manifest.hpp"
#include "store/snapshot_dir.hpp"
#include "store/walk_back.hpp"

namespace chkpt::inspect {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kNamedRuns = 5;

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw UsageError(printable(path) + ": " + why);
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

bool is_snapshot(const fs::path& directory) {
  std::uint64_t epoch = 0;
  return store::parse_snapshot_name(directory.filename().string(), &epoch) ||
         is_there(directory / store::kManifestName);
}

std::vector<fs::path> entries(const fs::path& directory) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    out.push_back(it->path());
  }
  if (error) refuse(directory.string(), error.message());
  return out;
}

bool is_run(const fs::path& directory) {
  for (const fs::path& entry : entries(directory)) {
    const std::string name = entry.filename().string();
    std::uint64_t epoch = 0;
    if (store::parse_snapshot_name(name, &epoch)) return true;
    if (name.rfind("GENERATION", 0) == 0 || name == "FINISHED") return true;
  }
  return false;
}

// A directory that holds runs: the only one, or a message that names them.
fs::path only_run_below(const fs::path& directory) {
  std::vector<fs::path> runs;
  for (const fs::path& entry : entries(directory)) {
    std::error_code error;
    if (fs::is_directory(fs::symlink_status(entry, error)) && is_run(entry)) runs.push_back(entry);
  }
  if (runs.empty()) refuse(directory.string(), "holds no checkpoint of chkpt");
  if (runs.size() == 1) return runs[0];
  std::string names;
  for (std::size_t i = 0; i < runs.size() && i < kNamedRuns; ++i) {
    names += (i > 0 ? ", " : "") + printable(runs[i].filename().string());
  }
  refuse(directory.string(), "holds " + std::to_string(runs.size()) + " runs (" + names +
                                 (runs.size() > kNamedRuns ? ", ..." : "") + "): name one");
}

void set_snapshot(const fs::path& directory, Target* target) {
  target->snapshot_path = directory.string();
  const fs::path run = directory.parent_path();
  std::uint64_t epoch = 0;
  if (store::parse_snapshot_name(directory.filename().string(), &epoch)) {
    target->run_path = run.string();
  }
}

Target from_file(const fs::path& file, const std::string& shown) {
  Target out;
  const std::string name = file.filename().string();
  fs::path directory = file.parent_path();
  if (name != store::kManifestName && name != "checkpoint.h5") {
    if (file.extension() != ".h5") {
      refuse(shown, "is neither a rank file, nor checkpoint.h5, nor a directory");
    }
    out.rank_file = file.string();
    if (directory.filename().string().rfind("part-", 0) == 0) directory = directory.parent_path();
  }
  if (is_snapshot(directory)) {
    set_snapshot(directory, &out);
  } else if (out.rank_file.empty()) {
    refuse(shown, "does not lie in a snapshot's directory");
  }
  return out;
}

}  // namespace

Target resolve_target(const std::string& path) {
  std::error_code error;
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (!real) refuse(path, std::strerror(errno));
  const fs::path found(real.get());
  const fs::file_status status = fs::status(found, error);
  if (error) refuse(path, error.message());
  if (!fs::is_directory(status)) {
    if (!fs::is_regular_file(status)) refuse(path, "is neither a file nor a directory");
    Target out = from_file(found, path);
    if (!out.rank_file.empty()) out.rank = store::RankFile::read_file(out.rank_file).id().rank;
    return out;
  }
  Target out;
  if (is_snapshot(found)) {
    set_snapshot(found, &out);
  } else {
    out.run_path = is_run(found) ? found.string() : only_run_below(found).string();
  }
  return out;
}

store::SnapshotRef snapshot_of(const Target& target) {
  if (!target.snapshot_path.empty()) {
    store::SnapshotRef ref = store::inspect_snapshot(target.snapshot_path);
    if (ref.state != store::SnapshotState::kCommitted) throw FormatError(ref.reason);
    return ref;
  }
  if (!target.rank_file.empty()) {  // a file by itself: no MANIFEST to compare it with
    const store::RankFile file = store::RankFile::read_file(target.rank_file);
    store::SnapshotRef ref;
    ref.path = target.rank_file;
    ref.epoch = file.id().epoch;
    ref.manifest.run_id = file.id().run_id;
    ref.manifest.epoch = ref.epoch;
    ref.manifest.nranks = file.id().nranks;
    return ref;
  }
  const store::RunDirectory run = store::RunDirectory::open(target.run_path);
  const store::WalkBack walk(run);
  if (walk.candidate() != nullptr) return *walk.candidate();
  throw UsageError(printable(target.run_path) + ": holds no committed snapshot");
}

store::RankFile read_rank(const Target& target, const store::SnapshotRef& snapshot, int rank) {
  if (snapshot.state == store::SnapshotState::kCommitted) {
    return store::RankFile::read_verified(snapshot, rank);
  }
  return store::RankFile::read_file(target.rank_file);
}

std::vector<int> ranks_of(const Target& target, const store::SnapshotRef& snapshot) {
  if (target.rank) return {*target.rank};
  std::vector<int> out(static_cast<std::size_t>(snapshot.manifest.nranks));
  std::iota(out.begin(), out.end(), 0);
  return out;
}

}  // namespace chkpt::inspect
