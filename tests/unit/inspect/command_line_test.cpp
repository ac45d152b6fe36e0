// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/command_line.hpp"

#include <sstream>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "inspect/commands.hpp"
#include "inspect/text.hpp"

namespace chkpt::inspect {
namespace {

TEST(CommandLineTest, summary_is_the_default) {
  const Invocation in = parse_command_line({"dir"});
  EXPECT_EQ(in.command, "summary");
  EXPECT_EQ(in.path, "dir");
}

TEST(CommandLineTest, options_stand_anywhere) {
  const Invocation in =
      parse_command_line({"--json", "tree", "-r", "3", "dir", "*.u", "--depth=2"});
  EXPECT_EQ(in.command, "tree");
  EXPECT_EQ(in.path, "dir");
  EXPECT_EQ(in.glob, "*.u");
  EXPECT_EQ(in.rank, 3);
  EXPECT_EQ(in.depth, 2);
  EXPECT_TRUE(in.json);
}

TEST(CommandLineTest, a_path_may_look_like_an_option) {
  EXPECT_EQ(parse_command_line({"--", "-r"}).path, "-r");
  EXPECT_EQ(parse_command_line({"./list"}).path, "./list");
}

TEST(CommandLineTest, every_rank) {
  EXPECT_TRUE(parse_command_line({"tree", "--rank", "all", "d"}).every_rank);
}

TEST(CommandLineTest, refuses_what_it_does_not_know) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"tree"},
                                             {"--frobnicate", "d"},
                                             {"--rank"},
                                             {"--rank", "x", "d"},
                                             {"--rank=-1", "d"},
                                             {"summary", "a", "b"},
                                             {"d", "tree"},
                                             {"--depth", "99999999999", "d"},
                                             {"--js", "d"}}) {
    EXPECT_THROW(parse_command_line(words), UsageError) << (words.empty() ? "" : words[0]);
  }
}

TEST(CommandLineTest, errors_are_one_line_and_exit_2) {
  std::ostringstream out, err;
  EXPECT_EQ(run_program({"--nonsense\n\x1b[1m"}, out, err), kTrouble);
  EXPECT_EQ(out.str(), "");
  EXPECT_EQ(err.str(), "chkpt-inspect: unknown option '--nonsense\\x0a\\x1b[1m'\n");
}

TEST(CommandLineTest, help_fits_80_columns_and_names_every_command) {
  std::istringstream lines(help_text());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns(line), 80U) << line;
  for (const Command& command : commands()) {
    EXPECT_NE(help_text().find("\n  " + std::string(command.name)), std::string::npos);
  }
}

}  // namespace
}  // namespace chkpt::inspect
