// SPDX-License-Identifier: BSD-3-Clause
#include "store/element.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "store/index.hpp"

namespace chkpt::store {
namespace {

std::string name_of(std::string_view format) {
  const auto element = parse_element(format);
  return element ? element->name() : "none";
}

TEST(ElementTest, knows_the_formats_of_memoryview) {
  EXPECT_EQ(name_of("d"), "float64");
  EXPECT_EQ(name_of("<f"), "float32");
  EXPECT_EQ(name_of("e"), "float16");
  EXPECT_EQ(name_of("l"), "int64");
  EXPECT_EQ(name_of("<l"), "int32");
  EXPECT_EQ(name_of("@L"), "uint64");
  EXPECT_EQ(name_of(">i"), "int32 (big endian)");
  EXPECT_EQ(name_of(">b"), "int8");
  EXPECT_EQ(name_of("N"), "uint64");
  EXPECT_EQ(name_of("?"), "bool");
  EXPECT_EQ(name_of("Zd"), "complex128");
  EXPECT_EQ(name_of(">Zf"), "complex64 (big endian)");
  for (const char* format :
       {"", "g", "Zg", "Ze", "Zi", "10s", "w", "P", "<n", "T{i:a:}", "dd", "<", "Z", "i8"}) {
    EXPECT_EQ(name_of(format), "none") << format;
  }
}

TEST(ElementTest, compares_shape_and_length_without_overflow) {
  const Element element = *parse_element("d");
  EXPECT_TRUE(fits(element, {2, 3}, 48));
  EXPECT_TRUE(fits(element, {}, 8));
  EXPECT_TRUE(fits(element, {5, 0}, 0));
  EXPECT_FALSE(fits(element, {2, 3}, 47));
  EXPECT_FALSE(fits(element, {std::uint64_t{1} << 61}, 0));
}

TEST(IndexTest, records_come_back) {
  std::uint8_t record[kIndexRecordSize];
  const std::uint8_t bytes[48] = {};
  const BufferView in{{bytes, sizeof bytes}, "d", {2, 3}, true};
  encode_index_record(in, 4096, true, record);
  const IndexRecord out = decode_index_record(record, 5000);
  EXPECT_EQ(out.extent.offset, 4096U);
  EXPECT_EQ(out.extent.size, 48U);
  EXPECT_TRUE(out.in_dataset);
  EXPECT_TRUE(out.readonly);
  EXPECT_EQ(out.format, "d");
  EXPECT_EQ(out.shape, in.shape);
  EXPECT_THROW(decode_index_record(record, 4143), FormatError);
}

TEST(IndexTest, what_cannot_be_stored_becomes_raw_bytes) {
  std::uint8_t record[kIndexRecordSize];
  const std::uint8_t bytes[512] = {};
  encode_index_record({{bytes, 512}, std::string(41, 'x'), {512}, false}, 0, false, record);
  EXPECT_EQ(decode_index_record(record, 512).format, "");
  encode_index_record({{bytes, 512}, "B", {2, 2, 2, 2, 2, 2, 2, 2, 2}, false}, 0, false, record);
  EXPECT_EQ(decode_index_record(record, 512).shape, std::vector<std::uint64_t>{512});
  encode_index_record({{bytes, 512}, "B", {2, 2, 2, 2, 2, 2, 4, 2}, false}, 0, false, record);
  EXPECT_EQ(decode_index_record(record, 512).shape.size(), 8U);
}

TEST(IndexTest, refuses_impossible_records) {
  std::uint8_t good[kIndexRecordSize];
  const std::uint8_t bytes[48] = {};
  encode_index_record({{bytes, sizeof bytes}, "d", {2, 3}, false}, 4096, true, good);
  const auto with = [&good](std::size_t at, std::uint8_t value) {
    std::uint8_t record[kIndexRecordSize];
    std::copy(std::begin(good), std::end(good), record);
    record[at] = value;
    decode_index_record(record, 100000);
  };
  EXPECT_NO_THROW(with(kIndexAtWhere, 0));
  EXPECT_THROW(with(kIndexAtWhere, 2), FormatError);
  EXPECT_THROW(with(kIndexAtFlags, 4), FormatError);
  EXPECT_THROW(with(kIndexAtDimensions, 9), FormatError);
  EXPECT_THROW(with(kIndexAtShape, 3), FormatError);
  EXPECT_THROW(with(kIndexAtLength + 7, 0xff), FormatError);
  EXPECT_THROW(with(kIndexAtOffset + 7, 0xff), FormatError);
}

}  // namespace
}  // namespace chkpt::store
