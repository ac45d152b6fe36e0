// SPDX-License-Identifier: BSD-3-Clause
#include "base/json.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace chkpt {
namespace {

TEST(JsonTest, keeps_64_bit_numbers_and_orders_keys) {
  const Json value = parse_json(R"({"b":18446744073709551615,"a":-9223372036854775808})", "x");
  EXPECT_EQ(value.at("b").get<std::uint64_t>(), UINT64_MAX);
  EXPECT_EQ(value.at("a").get<std::int64_t>(), INT64_MIN);
  EXPECT_EQ(dump_json(value), R"({"a":-9223372036854775808,"b":18446744073709551615})");
}

TEST(JsonTest, names_what_was_not_valid) {
  for (const std::string text : {"", "{", "{} {}", "{\"a\":1,\"a\":2}", "\xff", "nan"}) {
    try {
      parse_json(text, "/meta");
      FAIL() << text;
    } catch (const FormatError& error) {
      EXPECT_EQ(std::string(error.what()).rfind("/meta is not valid JSON", 0), 0U) << error.what();
    }
  }
}

TEST(JsonTest, refuses_bottomless_nesting) {
  EXPECT_NO_THROW(parse_json(std::string(60, '[') + std::string(60, ']'), "x"));
  EXPECT_THROW(parse_json(std::string(1000000, '['), "x"), FormatError);
}

TEST(JsonTest, equal_keys_are_fine_in_different_objects) {
  EXPECT_NO_THROW(parse_json(R"([{"a":1},{"a":{"a":2}}])", "x"));
}

TEST(JsonTest, writes_text_that_is_not_utf8) {
  EXPECT_EQ(dump_json(Json{{"a", "x\xff"}}), "{\"a\":\"x\xEF\xBF\xBD\"}");
}

}  // namespace
}  // namespace chkpt
