// SPDX-License-Identifier: BSD-3-Clause
#include "store/footer.hpp"

#include <algorithm>
#include <climits>

#include "base/error.hpp"
#include "store/little_endian.hpp"

namespace chkpt::store {
namespace {

constexpr std::string_view kMagic = "CHKPTFT1";
constexpr std::size_t kRunIdWidth = 40;
constexpr std::size_t kHashAt = kFooterSize - 16;

// Where each field lies in the record.
enum At : std::size_t {
  kAtMagic = 0,
  kAtVersion = 8,
  kAtRecordSize = 12,
  kAtBlockSize = 16,
  kAtDataSize = 24,
  kAtBlockCount = 32,
  kAtTableOffset = 40,
  kAtTableSize = 48,
  kAtEpoch = 56,
  kAtRank = 64,
  kAtRanks = 68,
  kAtRunId = 72,
  kAtTableHash = 112,
  kAtLayoutHash = 128,
  kAtSections = 144,
  kAtBufferCount = 224,
};

constexpr Extent Footer::*kSections[] = {&Footer::meta, &Footer::pickle, &Footer::index,
                                         &Footer::packed, &Footer::mpi};

void put_hash(std::uint8_t* at, const Hash128& hash) {
  std::copy(hash.bytes.begin(), hash.bytes.end(), at);
}

Hash128 get_hash(const std::uint8_t* at) {
  Hash128 hash;
  std::copy_n(at, hash.bytes.size(), hash.bytes.begin());
  return hash;
}

[[noreturn]] void damaged(const std::string& path, const std::string& why) {
  throw FormatError(path + ": " + why);
}

void check_integrity(ByteView record, const std::string& path) {
  if (record.size != kFooterSize || record.part(kAtMagic, kMagic.size()).text() != kMagic) {
    damaged(path,
            "no valid footer (not a chkpt rank file, cut short, or changed by another program)");
  }
  if (hash128(record.part(0, kHashAt)) != get_hash(record.data + kHashAt)) {
    damaged(path, "damaged footer: its bytes do not match their hash");
  }
  const auto version = get_number<std::uint32_t>(record.data + kAtVersion);
  if (version != kFormatVersion) {
    damaged(path, "written in format " + std::to_string(version) + ", this chkpt reads format " +
                      std::to_string(kFormatVersion));
  }
}

bool lies_inside(Extent extent, std::uint64_t size) {
  return extent.offset <= size && extent.size <= size - extent.offset;
}

void check_consistency(const Footer& footer, const std::uint8_t* p, std::uint64_t file_size,
                       const std::string& path) {
  // Bounded first, so that the sums below cannot overflow.
  if (footer.data_size > file_size || footer.data_size % kPage != 0 ||
      footer.file_size() != file_size ||
      get_number<std::uint64_t>(p + kAtBlockCount) != footer.block_count() ||
      get_number<std::uint64_t>(p + kAtTableOffset) != footer.data_size ||
      get_number<std::uint64_t>(p + kAtTableSize) != footer.table_size()) {
    damaged(path, "its size of " + std::to_string(file_size) + " bytes does not match its footer");
  }
  for (const auto section : kSections) {
    if (!lies_inside(footer.*section, footer.data_size)) damaged(path, "a section lies outside");
  }
  if (footer.buffer_count > file_size / kIndexRecordSize ||
      footer.index.size != footer.buffer_count * kIndexRecordSize) {
    damaged(path, "the index does not match the number of buffers");
  }
  const Identity& id = footer.id;
  if (!is_valid_run_id(id.run_id) || id.nranks < 1 || id.rank < 0 || id.rank >= id.nranks) {
    damaged(path, "the footer names no valid run and rank");
  }
}

}  // namespace

Bytes encode_footer(const Footer& footer) {
  Bytes record(kFooterSize, 0);
  std::uint8_t* p = record.data();
  put_text(p + kAtMagic, kMagic.size(), kMagic);
  put_number(p + kAtVersion, kFormatVersion);
  put_number(p + kAtRecordSize, static_cast<std::uint32_t>(kFooterSize));
  put_number(p + kAtBlockSize, kBlockSize);
  put_number(p + kAtDataSize, footer.data_size);
  put_number(p + kAtBlockCount, footer.block_count());
  put_number(p + kAtTableOffset, footer.data_size);
  put_number(p + kAtTableSize, footer.table_size());
  put_number(p + kAtEpoch, footer.id.epoch);
  put_number(p + kAtRank, static_cast<std::uint32_t>(footer.id.rank));
  put_number(p + kAtRanks, static_cast<std::uint32_t>(footer.id.nranks));
  put_text(p + kAtRunId, kRunIdWidth, footer.id.run_id);
  put_hash(p + kAtTableHash, footer.table_hash);
  put_hash(p + kAtLayoutHash, footer.layout_hash);
  std::uint8_t* at = p + kAtSections;
  for (const auto section : kSections) {
    put_number(at, (footer.*section).offset);
    put_number(at + 8, (footer.*section).size);
    at += 16;
  }
  put_number(p + kAtBufferCount, footer.buffer_count);
  put_hash(p + kHashAt, hash128({p, kHashAt}));
  return record;
}

Hash128 footer_root(ByteView record) { return get_hash(record.data + record.size - 16); }

Footer decode_footer(ByteView record, std::uint64_t file_size, const std::string& path) {
  check_integrity(record, path);
  const std::uint8_t* p = record.data;
  if (get_number<std::uint32_t>(p + kAtRecordSize) != kFooterSize ||
      get_number<std::uint64_t>(p + kAtBlockSize) != kBlockSize) {
    damaged(path, "footer with an unknown record or block size");
  }
  const auto rank = get_number<std::uint32_t>(p + kAtRank);
  const auto nranks = get_number<std::uint32_t>(p + kAtRanks);
  if (rank > INT_MAX || nranks > INT_MAX) damaged(path, "impossible rank in the footer");
  Footer footer;
  footer.id = {get_text(p + kAtRunId, kRunIdWidth), get_number<std::uint64_t>(p + kAtEpoch),
               static_cast<int>(rank), static_cast<int>(nranks)};
  footer.data_size = get_number<std::uint64_t>(p + kAtDataSize);
  footer.buffer_count = get_number<std::uint64_t>(p + kAtBufferCount);
  footer.table_hash = get_hash(p + kAtTableHash);
  footer.layout_hash = get_hash(p + kAtLayoutHash);
  const std::uint8_t* at = p + kAtSections;
  for (const auto section : kSections) {
    footer.*section = {get_number<std::uint64_t>(at), get_number<std::uint64_t>(at + 8)};
    at += 16;
  }
  check_consistency(footer, p, file_size, path);
  return footer;
}

}  // namespace chkpt::store
