// SPDX-License-Identifier: BSD-3-Clause
// Where our options end and the script's begin.
#include "cli/split.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace chkpt::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = python::LaunchSpec::Kind;

TEST(SplitTest, options_end_at_the_script) {
  const auto line = split({"-f", "500", "script.py", "-f", "7", "--keep"});
  EXPECT_THAT(line.ours, ElementsAre("-f", "500"));
  EXPECT_EQ(line.launch.kind, Kind::kScript);
  EXPECT_EQ(line.launch.value, "script.py");
  EXPECT_THAT(line.launch.args, ElementsAre("-f", "7", "--keep"));
}

TEST(SplitTest, negative_numbers_are_values) {
  const auto line = split({"-z", "-1", "-f", "-1", "-v", "./example.py"});
  EXPECT_THAT(line.ours, ElementsAre("-z", "-1", "-f", "-1", "-v"));
  EXPECT_EQ(line.launch.value, "./example.py");
}

TEST(SplitTest, clusters_are_taken_apart) {
  const auto line = split({"-vuf500", "-vv", "s.py"});
  EXPECT_THAT(line.ours, ElementsAre("-v", "-f", "500", "-v", "-v"));
  EXPECT_THAT(line.launch.interpreter_options, ElementsAre("-u"));
  EXPECT_THAT(split({"-vuBX", "dev", "s"}).launch.interpreter_options, ElementsAre("-uBX", "dev"));
}

TEST(SplitTest, python_options_are_passed_on_in_order) {
  const auto line = split({"-OO", "-bb", "-Wdefault", "-X", "dev", "-W", "error", "-IsSEPB", "s"});
  EXPECT_THAT(line.ours, IsEmpty());
  EXPECT_THAT(line.launch.interpreter_options,
              ElementsAre("-OO", "-bb", "-Wdefault", "-X", "dev", "-W", "error", "-IsSEPB"));
}

TEST(SplitTest, module_command_and_stdin_end_the_options) {
  auto line = split({"-m", "pkg.mod", "-m", "x"});
  EXPECT_EQ(line.launch.kind, Kind::kModule);
  EXPECT_EQ(line.launch.value, "pkg.mod");
  EXPECT_THAT(line.launch.args, ElementsAre("-m", "x"));
  line = split({"-vcprint(1)", "--help"});
  EXPECT_EQ(line.launch.kind, Kind::kCommand);
  EXPECT_EQ(line.launch.value, "print(1)");
  EXPECT_THAT(line.ours, ElementsAre("-v"));
  EXPECT_THAT(line.launch.args, ElementsAre("--help"));
  line = split({"-q", "-", "a"});
  EXPECT_EQ(line.launch.kind, Kind::kStdin);
  EXPECT_THAT(line.launch.args, ElementsAre("a"));
}

TEST(SplitTest, two_dashes_end_the_options) {
  const auto line = split({"-v", "--", "-odd.py", "--", "x"});
  EXPECT_EQ(line.launch.kind, Kind::kScript);
  EXPECT_EQ(line.launch.value, "-odd.py");
  EXPECT_THAT(line.launch.args, ElementsAre("--", "x"));
  EXPECT_FALSE(split({"-v", "--"}).has_target);
}

TEST(SplitTest, long_options_take_their_value) {
  const auto line = split({"--keep", "3", "--mode=tracked", "--show-config", "s.py"});
  EXPECT_THAT(line.ours, ElementsAre("--keep", "3", "--mode=tracked", "--show-config"));
  EXPECT_EQ(line.launch.value, "s.py");
}

TEST(SplitTest, missing_values_are_refused) {
  EXPECT_THROW(split({"-f"}), UsageError);
  EXPECT_THROW(split({"--keep"}), UsageError);
  EXPECT_THROW(split({"-m"}), UsageError);
  EXPECT_THROW(split({"-X"}), UsageError);
}

TEST(SplitTest, no_target) {
  EXPECT_FALSE(split({}).has_target);
  EXPECT_FALSE(split({"-v", "--keep", "3"}).has_target);
}

}  // namespace
}  // namespace chkpt::cli
