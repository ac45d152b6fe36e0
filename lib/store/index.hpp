// SPDX-License-Identifier: BSD-3-Clause
// The index of a rank file: one record of 128 bytes per out-of-band buffer, in buffer order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "store/footer.hpp"
#include "store/rank_image.hpp"

namespace chkpt::store {

constexpr std::size_t kIndexAtWhere = 0;  // u8: 0 in /packed, 1 a dataset of its own
constexpr std::size_t kIndexAtFlags = 1;  // u8: bit 0 read-only, bit 1 format too long to store
constexpr std::size_t kIndexAtDimensions = 2;  // u8: 0 to 8, or 255 for more than 8
constexpr std::size_t kIndexAtOffset = 8;      // u64: from the beginning of the file
constexpr std::size_t kIndexAtLength = 16;     // u64: bytes
constexpr std::size_t kIndexAtFormat = 24;     // 40 bytes, NUL padded
constexpr std::size_t kIndexAtShape = 64;      // u64[8]
constexpr std::size_t kIndexFormatWidth = 40;
constexpr std::size_t kIndexMaxDimensions = 8;

void encode_index_record(const BufferView& buffer, std::uint64_t offset, bool in_dataset,
                         std::uint8_t* record);

struct IndexRecord {
  Extent extent;
  bool in_dataset = false;
  bool readonly = false;
  std::string format;  // "" with the shape {bytes} when format or shape could not be stored
  std::vector<std::uint64_t> shape;
};

// Throws FormatError unless the record is valid and lies inside `data_size` bytes.
IndexRecord decode_index_record(const std::uint8_t* record, std::uint64_t data_size);

}  // namespace chkpt::store
