// SPDX-License-Identifier: BSD-3-Clause
// A rank file read back. The whole file is read once into private memory and checked there (owner,
// modes, size, footer, every block) before any of it is used: the bytes that were verified are the
// bytes that are parsed. libhdf5 is not needed to resume.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/anonymous_memory.hpp"
#include "store/footer.hpp"
#include "store/rank_image.hpp"
#include "store/snapshot_ref.hpp"

namespace chkpt::store {

class RankFile {
 public:
  enum class Check {
    kAll,
    kFooterOnly,  // contents unchecked: for quick looks, never to resume from
  };

  // Throws FormatError (not ours, damaged: one line naming file, block and byte range) or IoError.
  static RankFile read_verified(const SnapshotRef& snapshot, int rank);
  // A rank file by its path, without a MANIFEST to compare it with.
  static RankFile read_file(const std::string& path, Check check = Check::kAll);

  const Identity& id() const { return footer_.id; }
  const Footer& footer() const { return footer_; }
  const Hash128& root() const { return root_; }
  std::string_view meta_json() const { return section(footer_.meta).text(); }
  ByteView pickle() const { return section(footer_.pickle); }
  ByteView mpi() const { return section(footer_.mpi); }
  ByteView file_bytes() const { return memory_.view(); }

  std::size_t buffer_count() const { return buffers_.size(); }
  BufferView buffer(std::size_t i) const { return buffers_.at(i); }
  bool buffer_is_dataset(std::size_t i) const { return in_dataset_.at(i); }
  // The same bytes to write to: the memory is private, aligned to 64 bytes and lives as long as
  // this object (moving it keeps addresses).
  std::uint8_t* buffer_data(std::size_t i);

 private:
  RankFile(AnonymousMemory memory, const std::string& path, Check check);
  ByteView section(Extent extent) const { return {memory_.data() + extent.offset, extent.size}; }
  void check_blocks(const std::string& path) const;
  void read_index(const std::string& path);

  AnonymousMemory memory_;
  Footer footer_;
  Hash128 root_;
  std::vector<BufferView> buffers_;
  std::vector<bool> in_dataset_;
};

}  // namespace chkpt::store
