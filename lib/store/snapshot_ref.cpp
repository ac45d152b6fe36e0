// SPDX-License-Identifier: BSD-3-Clause
#include "store/snapshot_ref.hpp"

#include <cerrno>

#include <fcntl.h>

#include "base/directory.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "store/snapshot_dir.hpp"
#include "store/trust.hpp"

namespace chkpt::store {
namespace {

constexpr std::size_t kLongestManifest = std::size_t{1} << 30;

std::string leaf_of(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

// A directory that was copied or renamed by hand to stand for another snapshot.
void require_matching_name(const SnapshotRef& ref) {
  std::uint64_t epoch = 0;
  if (!parse_snapshot_name(ref.name, &epoch)) return;
  const Manifest& manifest = ref.manifest;
  if (ref.name != snapshot_name(manifest.epoch, manifest.run_id, manifest.generation)) {
    throw FormatError("its MANIFEST is that of epoch " + std::to_string(manifest.epoch) + ", run " +
                      manifest.run_id);
  }
}

void require_files(const Directory& directory, const Manifest& manifest) {
  for (const RankFileInfo& file : manifest.files) {
    const auto info = directory.stat(file.name);
    if (!info) throw FormatError(file.name + " is missing");
    require_own_file(*info, file.name);
    if (static_cast<std::uint64_t>(info->st_size) != file.size) {
      throw FormatError(file.name + " is " + std::to_string(info->st_size) + " bytes long, not " +
                        std::to_string(file.size));
    }
  }
}

void judge(SnapshotRef& ref) {
  const Directory directory = Directory::open(ref.path);
  require_own_directory(directory.stat(), ref.path);
  const auto fd = directory.open_file_if_there(kManifestName, O_RDONLY);
  if (!fd) {
    ref.state = SnapshotState::kIncomplete;
    ref.reason = "was not committed";
    return;
  }
  const std::string path = directory.path_of(kManifestName);
  struct stat info {};
  if (::fstat(fd->get(), &info) != 0) throw_io("cannot examine", path, errno);
  require_own_file(info, kManifestName);
  ref.manifest = parse_manifest(read_text(*fd, path, kLongestManifest), kManifestName);
  ref.epoch = ref.manifest.epoch;
  require_matching_name(ref);
  require_files(directory, ref.manifest);
  ref.state = SnapshotState::kCommitted;
}

}  // namespace

SnapshotRef inspect_snapshot(const std::string& path) {
  SnapshotRef ref;
  ref.path = path;
  while (ref.path.size() > 1 && ref.path.back() == '/') ref.path.pop_back();
  ref.name = leaf_of(ref.path);
  std::uint64_t named_epoch = 0;
  const bool is_named = parse_snapshot_name(ref.name, &named_epoch);
  ref.epoch = named_epoch;
  try {
    judge(ref);
  } catch (const Error& error) {
    ref.state = SnapshotState::kDamaged;
    ref.reason = error.what();
    // The name orders snapshots when what is inside cannot be believed.
    if (is_named) ref.epoch = named_epoch;
  }
  return ref;
}

}  // namespace chkpt::store
