// SPDX-License-Identifier: BSD-3-Clause
// Every script in cases/ builds objects and has a check() that asserts what must be true of them:
// it passes before the save, after the save, in a fresh process after the load, and in another that
// loads what that one has saved.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "scratch.hpp"
#include "steps.hpp"

namespace chkpt::heap_test {
namespace {

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(HEAP_CASES))
    if (entry.path().extension() == ".py") names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

class RoundTripTest : public testing::TestWithParam<std::string> {};

TEST_P(RoundTripTest, survives_in_fresh_processes) {
  const std::string script = std::string(HEAP_CASES) + "/" + GetParam() + ".py";
  const Scratch scratch;
  const std::string file = scratch.file("saved"), again = scratch.file("saved again");
  const Outcome saved = run_self("save", script, file);
  if (saved.output.find("SKIP:") != std::string::npos) GTEST_SKIP() << saved.output;
  ASSERT_EQ(saved.exit_code, 0) << saved.output;
  for (const Outcome& loaded : {run_self("load", file, again), run_self("load", again)}) {
    EXPECT_EQ(loaded.exit_code, 0) << loaded.output;
    EXPECT_EQ(loaded.output, "");
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, RoundTripTest, testing::ValuesIn(case_names()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace chkpt::heap_test
