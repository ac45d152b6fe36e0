// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/text.hpp"

#include <sstream>

#include <gtest/gtest.h>

#include "inspect/rank_groups.hpp"
#include "inspect/terminal.hpp"

namespace chkpt::inspect {
namespace {

TEST(TextTest, keeps_utf8_and_escapes_the_rest) {
  EXPECT_EQ(printable("h\u00e4t \u2603 \U0001F600"), "h\u00e4t \u2603 \U0001F600");
  EXPECT_EQ(printable("\x1b[2J\r\n\x7f"), "\\x1b[2J\\x0d\\x0a\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");  // C1 control
  EXPECT_EQ(printable("\xff\xfe\x80"), "\\xff\\xfe\\x80");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");  // right-to-left override
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");           // cut off
}

TEST(TextTest, cuts_by_characters) {
  EXPECT_EQ(cut_end("abcdef", 6, "..."), "abcdef");
  EXPECT_EQ(cut_end("abcdefg", 6, "..."), "abc...");
  EXPECT_EQ(cut_middle("abcdefghij", 7, "..."), "ab...ij");
  EXPECT_EQ(cut_middle("\u00e4\u00e4\u00e4\u00e4\u00e4", 3, "\u2026"), "\u00e4\u2026\u00e4");
  EXPECT_EQ(cut_end("abc", 2, "..."), "..");
  EXPECT_EQ(ascii_only("h\u00e4t\u2026"), "h?t?");
}

TEST(TextTest, messages_lose_a_directory_that_is_known) {
  EXPECT_EQ(without_directory("/a/b/f.h5: bad", "/a/b"), "f.h5: bad");
  EXPECT_EQ(without_directory("/a/bc/f.h5: bad", "/a/b"), "/a/bc/f.h5: bad");
  EXPECT_EQ(without_directory("bad", ""), "bad");
}

TEST(TextTest, ages_and_counts) {
  EXPECT_EQ(age_text(5), "5 s");
  EXPECT_EQ(age_text(600), "10 min");
  EXPECT_EQ(age_text(7200), "2 h");
  EXPECT_EQ(age_text(std::int64_t{10} * 86400), "10 d");
  EXPECT_EQ(plural(1, "rank"), "1 rank");
  EXPECT_EQ(plural(4, "rank"), "4 ranks");
}

TEST(TextTest, rank_lists) {
  EXPECT_EQ(rank_list({3}), "rank 3");
  EXPECT_EQ(rank_list({0, 1}), "ranks 0, 1");
  EXPECT_EQ(rank_list({0, 1, 2, 5}), "ranks 0-2, 5");
}

class TableTest : public ::testing::Test {
 protected:
  static std::string shown(std::size_t width, bool utf8) {
    std::ostringstream out;
    Terminal terminal(out, width, false, utf8);
    Table table({{"name", Table::Align::kLeft, 1}, {"bytes", Table::Align::kRight}});
    table.row({std::string(100, 'n'), "12 kB"});
    table.row({"h\u00e4t", "1 B"});
    table.print(terminal);
    return out.str();
  }
};

TEST_F(TableTest, fits_the_width) {
  std::istringstream lines(shown(40, true));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns(line), 40U) << line;
  EXPECT_NE(shown(40, true).find("\u2026"), std::string::npos);
}

TEST_F(TableTest, is_ascii_where_the_locale_is) {
  const std::string text = shown(40, false);
  for (const char c : text) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
  EXPECT_NE(text.find("h?t"), std::string::npos);
}

TEST_F(TableTest, cuts_nothing_when_there_is_room) {
  EXPECT_NE(shown(SIZE_MAX / 2, true).find(std::string(100, 'n')), std::string::npos);
}

TEST(TerminalTest, colours_only_when_told) {
  std::ostringstream out;
  Terminal plain(out, 80, false, true);
  EXPECT_EQ(plain.styled("x", Style::kBad), "x");
  Terminal coloured(out, 80, true, true);
  EXPECT_EQ(coloured.styled("x", Style::kBad), "\x1b[31mx\x1b[0m");
}

}  // namespace
}  // namespace chkpt::inspect
