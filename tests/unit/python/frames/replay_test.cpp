// SPDX-License-Identifier: BSD-3-Clause
// Every script in scripts/ is captured at random moments and continued from each of them. A first
// line "# kinds: 1 3" names the frames::Kind values that must have been met, a second one
// "# natives: sum list" the native frames.
#include <Python.h>

#include "interpreter.hpp"
#include "replay.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace chkpt::test {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> script_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(CHKPT_TEST_SCRIPTS))
    if (entry.path().extension() == ".py") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::set<int> required_kinds(const std::string& source) {
  std::set<int> kinds;
  if (source.rfind("# kinds:", 0) != 0) return kinds;
  std::stringstream line(source.substr(8, source.find('\n') - 8));
  for (int kind = 0; line >> kind;) kinds.insert(kind);
  return kinds;
}

std::set<std::string> required_natives(const std::string& source) {
  std::set<std::string> names;
  const auto at = source.find("\n# natives:");
  if (at == std::string::npos) return names;
  std::stringstream line(source.substr(at + 11, source.find('\n', at + 1) - at - 11));
  for (std::string name; line >> name;) names.insert(name);
  return names;
}

// "# captures: 200" in a script that has more places than others.
int wanted_captures(const std::string& source, int otherwise) {
  const auto at = source.find("\n# captures:");
  return at == std::string::npos ? otherwise : std::atoi(source.c_str() + at + 12);
}

class ReplayTest : public testing::TestWithParam<std::string> {};

TEST_P(ReplayTest, continues_from_every_moment) {
  const std::string file = GetParam() + ".py";
  const std::string source = read_file(std::filesystem::path(CHKPT_TEST_SCRIPTS) / file);
  ReplayOptions options;
  if (const char* seed = std::getenv("CHKPT_TEST_SEED"))
    options.seed = static_cast<unsigned>(std::atoi(seed));
  if (const char* most = std::getenv("CHKPT_TEST_CAPTURES"))
    options.most_captures = std::atoi(most);
  options.most_captures = wanted_captures(source, options.most_captures);
  std::set<int> missing = required_kinds(source);
  std::set<std::string> missing_natives = required_natives(source);
  int captures = 0;
  // After a moment that cannot be captured the next one comes by the clock: a loaded machine passes
  // over many, and needs more rounds.
  const auto last_round = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (captures < 5 || !missing.empty() || !missing_natives.empty()) {
    if (std::chrono::steady_clock::now() > last_round) break;
    const Replay result = replay(source, file, options);
    for (const std::string& mismatch : result.mismatches)
      ADD_FAILURE() << "seed " << options.seed << ", " << mismatch;
    captures += result.captures;
    for (const int kind : result.kinds) missing.erase(kind);
    for (const std::string& name : result.natives) missing_natives.erase(name);
    if (HasFailure()) break;
    ++options.seed;
  }
  EXPECT_GE(captures, 5);
  for (const std::string& name : missing_natives)
    ADD_FAILURE() << "no capture with a native frame " << name;
  for (const int kind : missing) ADD_FAILURE() << "no capture with a frame of kind " << kind;
}

INSTANTIATE_TEST_SUITE_P(Scripts, ReplayTest, testing::ValuesIn(script_names()),
                         [](const auto& script) { return script.param; });

}  // namespace
}  // namespace chkpt::test
