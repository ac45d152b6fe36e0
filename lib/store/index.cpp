// SPDX-License-Identifier: BSD-3-Clause
#include "store/index.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "store/element.hpp"
#include "store/little_endian.hpp"

namespace chkpt::store {
namespace {

constexpr std::uint8_t kReadonly = 1;
constexpr std::uint8_t kFormatNotStored = 2;
constexpr std::uint8_t kTooManyDimensions = 255;

}  // namespace

void encode_index_record(const BufferView& buffer, std::uint64_t offset, bool in_dataset,
                         std::uint8_t* record) {
  std::fill_n(record, kIndexRecordSize, std::uint8_t{0});
  const bool format_fits = buffer.format.size() <= kIndexFormatWidth;
  const bool shape_fits = buffer.shape.size() <= kIndexMaxDimensions;
  record[kIndexAtWhere] = in_dataset ? 1 : 0;
  record[kIndexAtFlags] = static_cast<std::uint8_t>((buffer.readonly ? kReadonly : 0) |
                                                    (format_fits ? 0 : kFormatNotStored));
  record[kIndexAtDimensions] =
      shape_fits ? static_cast<std::uint8_t>(buffer.shape.size()) : kTooManyDimensions;
  put_number(record + kIndexAtOffset, offset);
  put_number<std::uint64_t>(record + kIndexAtLength, buffer.bytes.size);
  if (format_fits) put_text(record + kIndexAtFormat, kIndexFormatWidth, buffer.format);
  if (!shape_fits) return;
  for (std::size_t i = 0; i < buffer.shape.size(); ++i) {
    put_number(record + kIndexAtShape + 8 * i, buffer.shape[i]);
  }
}

IndexRecord decode_index_record(const std::uint8_t* record, std::uint64_t data_size) {
  IndexRecord out;
  out.extent = {get_number<std::uint64_t>(record + kIndexAtOffset),
                get_number<std::uint64_t>(record + kIndexAtLength)};
  const std::uint8_t flags = record[kIndexAtFlags];
  const std::uint8_t dimensions = record[kIndexAtDimensions];
  if (record[kIndexAtWhere] > 1 || flags > (kReadonly | kFormatNotStored) ||
      (dimensions > kIndexMaxDimensions && dimensions != kTooManyDimensions)) {
    throw FormatError("invalid index record");
  }
  if (out.extent.offset > data_size || out.extent.size > data_size - out.extent.offset) {
    throw FormatError("index record that points outside the file");
  }
  out.in_dataset = record[kIndexAtWhere] == 1;
  out.readonly = (flags & kReadonly) != 0;
  if ((flags & kFormatNotStored) != 0 || dimensions == kTooManyDimensions) {
    out.shape = {out.extent.size};
    return out;
  }
  out.format = get_text(record + kIndexAtFormat, kIndexFormatWidth);
  for (std::size_t i = 0; i < dimensions; ++i) {
    out.shape.push_back(get_number<std::uint64_t>(record + kIndexAtShape + 8 * i));
  }
  const auto element = parse_element(out.format);
  if (element && !fits(*element, out.shape, out.extent.size)) {
    throw FormatError("index record whose shape does not match its length");
  }
  return out;
}

}  // namespace chkpt::store
