// SPDX-License-Identifier: BSD-3-Clause
// What cannot be saved is refused with a text that names the object by its path and says why; the
// script goes on untouched. Each script in refused/ says in its first line what the text contains.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "scratch.hpp"
#include "steps.hpp"

namespace chkpt::heap_test {
namespace {

std::vector<std::string> refused_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(HEAP_REFUSED))
    if (entry.path().extension() == ".py") names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

class RefuseTest : public testing::TestWithParam<std::string> {};

TEST_P(RefuseTest, names_the_object_and_the_reason) {
  const std::string script = std::string(HEAP_REFUSED) + "/" + GetParam() + ".py";
  std::ifstream in(script);
  std::string expected;
  std::getline(in, expected);
  ASSERT_EQ(expected.substr(0, 2), "# ");
  const Scratch scratch;
  const Outcome outcome = run_self("refuse", script);
  if (outcome.output.find("SKIP:") != std::string::npos) GTEST_SKIP() << outcome.output;
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_NE(outcome.output.find(expected.substr(2)), std::string::npos)
      << "expected: " << expected.substr(2) << "\nrefused with: " << outcome.output;
}

INSTANTIATE_TEST_SUITE_P(Cases, RefuseTest, testing::ValuesIn(refused_names()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace chkpt::heap_test
