// SPDX-License-Identifier: BSD-3-Clause
#include "base/units.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace chkpt {
namespace {

TEST(UnitsTest, reads_durations) {
  EXPECT_EQ(parse_duration_ms("600000"), 600000);
  EXPECT_EQ(parse_duration_ms("0"), 0);
  EXPECT_EQ(parse_duration_ms("-1"), -1);
  EXPECT_EQ(parse_duration_ms("250ms"), 250);
  EXPECT_EQ(parse_duration_ms("30s"), 30000);
  EXPECT_EQ(parse_duration_ms("10m"), 600000);
  EXPECT_EQ(parse_duration_ms("10 min"), 600000);
  EXPECT_EQ(parse_duration_ms("1.5h"), 5400000);
  EXPECT_EQ(parse_duration_ms("2D"), 172800000);
}

TEST(UnitsTest, refuses_what_is_no_duration) {
  for (const char* text : {"", "s", "-2", "-1s", "1e3", "1,5h", "1.2.3", ".", "0x10", "nan", "5x",
                           "5 s s", "99999999999999999999d", " 5", "+5"}) {
    EXPECT_THROW(parse_duration_ms(text), UsageError) << text;
  }
}

TEST(UnitsTest, reads_sizes) {
  EXPECT_EQ(parse_bytes("4096"), 4096);
  EXPECT_EQ(parse_bytes("-1"), -1);
  EXPECT_EQ(parse_bytes("64K"), 64000);
  EXPECT_EQ(parse_bytes("64KiB"), 65536);
  EXPECT_EQ(parse_bytes("1.5 GB"), 1500000000);
  EXPECT_EQ(parse_bytes("2gib"), 2147483648);
  EXPECT_THROW(parse_bytes("2 apples"), UsageError);
}

TEST(UnitsTest, writes_sizes) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(1000), "1.0 kB");
  EXPECT_EQ(format_bytes(999949), "999.9 kB");
  EXPECT_EQ(format_bytes(999999), "1.0 MB");
  EXPECT_EQ(format_bytes(12345678), "12.3 MB");
  EXPECT_EQ(format_bytes(1200000000), "1.2 GB");
  EXPECT_EQ(format_bytes(UINT64_MAX), "18.4 EB");
  EXPECT_EQ(format_rate(1.1e9), "1.1 GB/s");
  EXPECT_EQ(format_rate(0), "0 B/s");
}

TEST(UnitsTest, writes_durations) {
  EXPECT_EQ(format_duration(0.00008), "80 us");
  EXPECT_EQ(format_duration(0.003), "3.0 ms");
  EXPECT_EQ(format_duration(0.08), "80 ms");
  EXPECT_EQ(format_duration(1.24), "1.2 s");
  EXPECT_EQ(format_duration(59.99), "1m00s");
  EXPECT_EQ(format_duration(750), "12m30s");
  EXPECT_EQ(format_duration(11100), "3h05m");
}

}  // namespace
}  // namespace chkpt
