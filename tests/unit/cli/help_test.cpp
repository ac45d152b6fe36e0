// SPDX-License-Identifier: BSD-3-Clause
// The help text is made from the table, so it names every option and fits a terminal.
#include "cli/help.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/settings.hpp"

namespace chkpt::cli {
namespace {

TEST(HelpTest, names_every_option) {
  const std::string text = help_text();
  for (const auto& setting : all_settings())
    EXPECT_THAT(text, ::testing::HasSubstr(std::string("--") + setting.key));
}

TEST(HelpTest, lines_fit) {
  std::istringstream text(help_text());
  for (std::string line; std::getline(text, line);) EXPECT_LE(line.size(), 100U) << line;
}

TEST(SettingsTest, names_are_found_exactly) {
  EXPECT_EQ(find_setting("keep")->key, std::string("keep"));
  EXPECT_EQ(find_setting("kee"), nullptr);
  EXPECT_EQ(find_setting('f')->key, std::string("frequency"));
  EXPECT_EQ(find_setting('\0'), nullptr);
  EXPECT_EQ(environment_name("cut-timeout"), "CHKPT_CUT_TIMEOUT");
}

}  // namespace
}  // namespace chkpt::cli
