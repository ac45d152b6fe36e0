// SPDX-License-Identifier: BSD-3-Clause
#include "store/writer.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

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
  try {
    directory.sync();
  } catch (const IoError&) {
    directory.unlink(leaf);
    throw;
  }
  return {leaf, staged.file_size(), footer_root(record)};
}

}  // namespace

RankFileInfo write_rank_file(const Staged& staged, const SnapshotDir& target) {
  const Identity& id = staged.id();
  const std::string name = rank_file_name(id.rank, id.nranks);
  const std::string folder = rank_subdirectory(id.rank, id.nranks);
  RankFileInfo info;
  if (folder.empty()) {
    info = write_into(staged, target.directory(), name);
  } else {
    info =
        write_into(staged, target.directory().open_child(folder), name.substr(folder.size() + 1));
  }
  info.name = name;
  return info;
}

Writer::Ticket SynchronousWriter::submit(Staged staged, SnapshotDir target) {
  const auto start = std::chrono::steady_clock::now();
  WriteResult result;
  try {
    result.file = write_rank_file(staged, target);
    result.ok = true;
  } catch (const IoError& error) {
    result.message = error.what();
    result.errno_value = error.errno_value();
  } catch (const std::exception& error) {
    result.message = error.what();
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  done_.emplace(next_, std::move(result));
  return next_++;
}

WriteResult SynchronousWriter::wait(Ticket ticket) {
  const auto found = done_.find(ticket);
  if (found == done_.end()) throw Error("no such write: ticket " + std::to_string(ticket));
  WriteResult result = std::move(found->second);
  done_.erase(found);
  return result;
}

}  // namespace chkpt::store
