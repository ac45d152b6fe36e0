// SPDX-License-Identifier: BSD-3-Clause
#include "store/rank_file.hpp"

#include <algorithm>

#include <fcntl.h>

#include "base/directory.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "store/index.hpp"
#include "store/trust.hpp"

namespace chkpt::store {
namespace {

struct OpenedFile {
  UniqueFd fd;
  std::uint64_t size;
};

OpenedFile open_own_file(const Directory& directory, const std::string& name) {
  UniqueFd fd = [&] {
    try {
      return directory.open_file(name, O_RDONLY);
    } catch (const IoError& error) {
      if (error.errno_value() == ELOOP) {
        throw FormatError(directory.path_of(name) + ": a symbolic link, not followed");
      }
      if (error.errno_value() == ENOENT) {
        throw FormatError(directory.path_of(name) + ": is missing");
      }
      throw;
    }
  }();
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) throw_io("cannot examine", directory.path_of(name), errno);
  require_own_file(info, directory.path_of(name));
  return {std::move(fd), static_cast<std::uint64_t>(info.st_size)};
}

AnonymousMemory read_whole(const OpenedFile& file, const std::string& path) {
  if (file.size < kFooterSize) throw FormatError(path + ": too short for a rank file");
  AnonymousMemory memory(file.size);
  read_all(file.fd.get(), memory.data(), memory.size(), 0, path);
  return memory;
}

std::string quoted(const Identity& id) {
  return "rank " + std::to_string(id.rank) + " of " + std::to_string(id.nranks) + ", epoch " +
         std::to_string(id.epoch) + ", run " + id.run_id;
}

// The MANIFEST says which file this must be; a file of another snapshot is as wrong as a damaged
// one.
void require_listed(const RankFile& file, const Manifest& manifest, int rank,
                    const std::string& path) {
  const Identity& id = file.id();
  if (id.run_id != manifest.run_id || id.epoch != manifest.epoch || id.rank != rank ||
      id.nranks != manifest.nranks) {
    throw FormatError(path + ": belongs elsewhere: it is " + quoted(id));
  }
  if (file.root() != manifest.files[static_cast<std::size_t>(rank)].root) {
    throw FormatError(path + ": is not the file that the MANIFEST lists");
  }
}

std::pair<std::string, std::string> split_path(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

RankFile RankFile::read_verified(const SnapshotRef& snapshot, int rank) {
  const Manifest& manifest = snapshot.manifest;
  if (snapshot.state != SnapshotState::kCommitted) {
    throw FormatError(snapshot.path + ": " + snapshot.reason);
  }
  if (rank < 0 || rank >= manifest.nranks) {
    throw FormatError(snapshot.path + ": has no file for rank " + std::to_string(rank));
  }
  const RankFileInfo& listed = manifest.files[static_cast<std::size_t>(rank)];
  Directory directory = Directory::open(snapshot.path);
  require_own_directory(directory.stat(), directory.path());
  std::string leaf = listed.name;
  const std::string folder = rank_subdirectory(rank, manifest.nranks);
  if (!folder.empty()) {
    directory = directory.open_child(folder);
    require_own_directory(directory.stat(), directory.path());
    leaf = leaf.substr(folder.size() + 1);
  }
  const std::string path = directory.path_of(leaf);
  const OpenedFile file = open_own_file(directory, leaf);
  if (file.size != listed.size) {
    throw FormatError(path + ": is " + std::to_string(file.size) + " bytes long, not " +
                      std::to_string(listed.size));
  }
  RankFile result(read_whole(file, path), path, Check::kAll);
  require_listed(result, manifest, rank, path);
  return result;
}

RankFile RankFile::read_file(const std::string& path, Check check) {
  const auto [folder, leaf] = split_path(path);
  // The folder itself may be reached through a link; the file may not.
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw_io("cannot open directory", folder, errno);
  const Directory directory(std::move(fd), folder);
  return {read_whole(open_own_file(directory, leaf), path), path, check};
}

RankFile::RankFile(AnonymousMemory memory, const std::string& path, Check check)
    : memory_(std::move(memory)) {
  const ByteView file = memory_.view();
  const ByteView record = file.part(file.size - kFooterSize, kFooterSize);
  footer_ = decode_footer(record, file.size, path);
  root_ = footer_root(record);
  if (check == Check::kAll) check_blocks(path);
  read_index(path);
}

void RankFile::check_blocks(const std::string& path) const {
  const ByteView file = memory_.view();
  const ByteView table = file.part(footer_.data_size, footer_.table_size());
  if (hash128(table) != footer_.table_hash) throw FormatError(path + ": damaged block table");
  for (std::uint64_t block = 0; block < footer_.block_count(); ++block) {
    const std::uint64_t from = block * kBlockSize;
    const std::uint64_t size = std::min(kBlockSize, footer_.data_size - from);
    const Hash128 hash = hash128(file.part(from, size));
    if (std::equal(hash.bytes.begin(), hash.bytes.end(), table.data + block * 16)) continue;
    throw FormatError(path + ": damaged in block " + std::to_string(block) + " (bytes " +
                      std::to_string(from) + " to " + std::to_string(from + size - 1) + ")");
  }
}

void RankFile::read_index(const std::string& path) {
  const ByteView index = section(footer_.index);
  buffers_.reserve(footer_.buffer_count);
  try {
    for (std::uint64_t i = 0; i < footer_.buffer_count; ++i) {
      IndexRecord record =
          decode_index_record(index.data + i * kIndexRecordSize, footer_.data_size);
      in_dataset_.push_back(record.in_dataset);
      buffers_.push_back({section(record.extent), std::move(record.format), std::move(record.shape),
                          record.readonly});
    }
  } catch (const FormatError& error) {
    throw FormatError(path + ": buffer " + std::to_string(buffers_.size()) + ": " + error.what());
  }
}

std::uint8_t* RankFile::buffer_data(std::size_t i) {
  return memory_.data() + (buffers_.at(i).bytes.data - memory_.data());
}

}  // namespace chkpt::store
