// SPDX-License-Identifier: BSD-3-Clause
#include "store/writer.hpp"

#include <algorithm>
#include <exception>

#include "base/error.hpp"
#include "base/file.hpp"

namespace chkpt::store {
namespace {

constexpr mode_t kCommittedMode = 0400;

// Hashes while writing: the block is still in the processor's cache then.
Bytes write_blocks(const Staged& staged, PendingFile& file) {
  Bytes table(staged.footer().table_size(), 0);
  const ByteView data = staged.data();
  for (std::uint64_t at = 0, block = 0; at < data.size; at += kBlockSize, ++block) {
    const ByteView piece = data.part(at, std::min<std::uint64_t>(kBlockSize, data.size - at));
    const Hash128 hash = hash128(piece);
    std::copy(hash.bytes.begin(), hash.bytes.end(),
              table.begin() + static_cast<std::ptrdiff_t>(block * 16));
    file.append(piece);
  }
  return table;
}

RankFileInfo write_into(const Staged& staged, const Directory& directory, const std::string& leaf) {
  PendingFile file(directory, leaf, staged.file_size());
  const Bytes table = write_blocks(staged, file);
  Footer footer = staged.footer();
  footer.table_hash = hash128(table);
  const Bytes record = encode_footer(footer);
  file.append(table);
  file.append(record);
  file.publish(kCommittedMode);
  return {leaf, staged.file_size(), footer_root(record)};
}

void sync_name(const Directory& directory, const std::string& leaf) {
  try {
    directory.sync();
  } catch (const IoError&) {
    directory.unlink(leaf);
    throw;
  }
}

}  // namespace

RankFileInfo write_rank_file(const Staged& staged, const SnapshotDir& target) {
  const Identity& id = staged.id();
  const std::string name = rank_file_name(id.rank, id.nranks);
  const std::string folder = rank_subdirectory(id.rank, id.nranks);
  RankFileInfo info;
  if (!folder.empty()) {
    const std::string leaf = name.substr(folder.size() + 1);
    const Directory directory = target.directory().open_child(folder);
    info = write_into(staged, directory, leaf);
    sync_name(directory, leaf);
  } else {
    info = write_into(staged, target.directory(), name);
    // Rank 0's commit() does it for its own file.
    if (id.rank != 0) sync_name(target.directory(), name);
  }
  info.name = name;
  return info;
}

WriteResult write(const Staged& staged, const SnapshotDir& target) noexcept {
  WriteResult result;
  try {
    result.file = write_rank_file(staged, target);
    result.ok = true;
  } catch (const std::exception& error) {
    result.message = error.what();
  }
  return result;
}

}  // namespace chkpt::store
