// SPDX-License-Identifier: BSD-3-Clause
// The last 4096 bytes of a rank file: who it belongs to, where its sections are and the hash of
// everything before it. Verified before any other byte is parsed. Bytes: FORMAT.md.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "store/rank_image.hpp"

namespace chkpt::store {

constexpr std::uint32_t kFormatVersion = 1;
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kFooterSize = 4096;
constexpr std::uint64_t kBlockSize = std::uint64_t{4} << 20;
constexpr std::uint64_t kIndexRecordSize = 128;

struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

struct Footer {
  Identity id;
  std::uint64_t data_size = 0;  // HDF5's part, rounded up to a page; the block table follows
  std::uint64_t buffer_count = 0;
  Extent meta, pickle, index, packed, mpi;
  Hash128 layout_hash;  // equal for files whose sections lie at the same places
  Hash128 table_hash;   // of the padded block table

  std::uint64_t block_count() const { return (data_size + kBlockSize - 1) / kBlockSize; }
  std::uint64_t table_size() const { return (block_count() * 16 + kPage - 1) / kPage * kPage; }
  std::uint64_t file_size() const { return data_size + table_size() + kFooterSize; }
};

Bytes encode_footer(const Footer& footer);
Hash128 footer_root(ByteView record);  // the last 16 bytes of the record

// Throws FormatError "<path>: ..." unless the record is intact and fits a file of that size.
Footer decode_footer(ByteView record, std::uint64_t file_size, const std::string& path);

}  // namespace chkpt::store
