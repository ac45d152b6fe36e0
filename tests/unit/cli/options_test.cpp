// SPDX-License-Identifier: BSD-3-Clause
// Values, their layers, and the refusals a user reads.
#include "cli/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include "base/error.hpp"

namespace chkpt::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A directory of its own with a script in it, and an environment without our variables.
class OptionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/chkpt-options-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    before_ = std::filesystem::current_path();
    std::filesystem::current_path(folder_);
    write("s.py", "print(1)\n");
    for (const char* key : kVariables) ::unsetenv(key);
  }
  void TearDown() override {
    for (const char* key : kVariables) ::unsetenv(key);
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }
  static void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  static run::Config options(std::vector<std::string> words) {
    words.insert(words.begin(), "chkpt-mpi");
    words.emplace_back("s.py");
    return parse(words).config;
  }
  static std::string refusal(std::vector<std::string> words) {
    try {
      options(std::move(words));
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  }

  static constexpr const char* kVariables[] = {"CHKPT_KEEP",   "CHKPT_FREQUENCY", "CHKPT_INTERVAL",
                                               "CHKPT_CONFIG", "CHKPT_MODE",      "CHKPT_VERBOSE"};
  std::filesystem::path folder_, before_;
};

TEST_F(OptionsTest, defaults) {
  const run::Config o = options({});
  EXPECT_EQ(o.interval_ms, 600'000);
  EXPECT_EQ(o.min_obj_size, -1);
  EXPECT_EQ(o.mode, run::Mode::kContinue);
  EXPECT_EQ(o.resume.kind, run::ResumeChoice::Kind::kAuto);
  EXPECT_EQ(o.keep, 2);
  EXPECT_THAT(o.signals, ElementsAre(SIGUSR1, SIGUSR2, SIGTERM));
  EXPECT_EQ(o.cut_timeout_ms, 30'000);
  EXPECT_EQ(o.verbosity, 0);
  EXPECT_EQ(o.output_dir, "");
  EXPECT_EQ(o.launch.value, "s.py");
}

TEST_F(OptionsTest, every_value) {
  const run::Config o = options({"-o",
                                 "out",
                                 "--run-id=r.1",
                                 "-f",
                                 "0",
                                 "-z",
                                 "64KiB",
                                 "--mode",
                                 "tracked",
                                 "--resume",
                                 "17",
                                 "--keep",
                                 "5",
                                 "--signal",
                                 "SIGUSR1,TERM,USR1",
                                 "--cut-timeout",
                                 "2m",
                                 "--deadline-margin",
                                 "5m",
                                 "--requeue",
                                 "--slurm-comment",
                                 "-vv"});
  EXPECT_EQ(o.output_dir, "out");
  EXPECT_EQ(o.run_id, "r.1");
  EXPECT_EQ(o.interval_ms, 0);
  EXPECT_EQ(o.min_obj_size, 65536);
  EXPECT_EQ(o.mode, run::Mode::kTracked);
  EXPECT_EQ(o.resume.kind, run::ResumeChoice::Kind::kEpoch);
  EXPECT_EQ(o.resume.epoch, 17U);
  EXPECT_EQ(o.keep, 5);
  EXPECT_THAT(o.signals, ElementsAre(SIGUSR1, SIGTERM));
  EXPECT_EQ(o.cut_timeout_ms, 120'000);
  EXPECT_EQ(o.deadline_margin_ms, 300'000);
  EXPECT_TRUE(o.requeue);
  EXPECT_TRUE(o.slurm_comment);
  EXPECT_EQ(o.verbosity, 2);
}

TEST_F(OptionsTest, switches_with_a_variable_say_yes_or_no) {
  EXPECT_FALSE(options({}).requeue);
  ::setenv("CHKPT_REQUEUE", "yes", 1);
  EXPECT_TRUE(options({}).requeue);
  ::setenv("CHKPT_REQUEUE", "perhaps", 1);
  EXPECT_THAT(refusal({}),
              HasSubstr("(environment CHKPT_REQUEUE): 'perhaps' is neither yes nor no"));
  ::unsetenv("CHKPT_REQUEUE");
  EXPECT_EQ(options({"--deadline-margin", "none"}).deadline_margin_ms, -1);
  EXPECT_EQ(options({}).deadline_margin_ms, 30'000);
}

TEST_F(OptionsTest, torture_sets_the_interval_and_verifies) {
  const run::Config o = options({"-f", "5", "--torture", "300:kill", "--torture-seed", "9"});
  EXPECT_TRUE(o.torture.kill && o.torture.wanted() && o.verify_snapshots);
  EXPECT_EQ(o.interval_ms, 300);
  EXPECT_EQ(o.torture.seed, 9U);
  EXPECT_FALSE(options({"--torture", "300"}).torture.kill);
  EXPECT_FALSE(options({}).torture.wanted() || options({}).verify_snapshots);
  EXPECT_TRUE(options({"--verify-snapshots"}).verify_snapshots);
  for (const char* wrong : {"0", "often", "300:live", "300:", ":kill"})
    EXPECT_THAT(refusal({"--torture", wrong}), HasSubstr("option --torture (command line)"));
}

TEST_F(OptionsTest, short_forms_and_switches) {
  EXPECT_EQ(options({"-f-1"}).interval_ms, -1);
  EXPECT_EQ(options({"-f", "-1"}).interval_ms, -1);
  EXPECT_EQ(options({"--interval", "10m"}).interval_ms, 600'000);
  EXPECT_THAT(options({"--signal", "none"}).signals, IsEmpty());
  EXPECT_EQ(options({"-q"}).verbosity, -1);
  EXPECT_EQ(options({"-q", "-v"}).verbosity, 1);
  EXPECT_EQ(options({"-vvvv"}).verbosity, 2);
  EXPECT_EQ(options({"--keep", "3", "--keep", "4"}).keep, 4) << "the last one wins";
}

TEST_F(OptionsTest, line_before_environment_before_file_before_default) {
  write("chkpt.conf", "# mine\n\nkeep = 3\nmode = tracked   # a remark\nverbose = 1\n");
  EXPECT_EQ(options({}).keep, 3);
  EXPECT_EQ(options({}).mode, run::Mode::kTracked);
  ::setenv("CHKPT_KEEP", "4", 1);
  EXPECT_EQ(options({}).keep, 4);
  EXPECT_EQ(options({"--keep", "5"}).keep, 5);
  EXPECT_EQ(options({}).verbosity, 1);
  EXPECT_EQ(options({"-q"}).verbosity, -1);
  ::setenv("CHKPT_KEEP", "", 1);
  EXPECT_EQ(options({}).keep, 3) << "an empty variable is no variable";
}

TEST_F(OptionsTest, frequency_and_interval_are_one_setting) {
  write("chkpt.conf", "frequency = 1000\n");
  EXPECT_EQ(options({}).interval_ms, 1000);
  ::setenv("CHKPT_INTERVAL", "2s", 1);
  EXPECT_EQ(options({}).interval_ms, 2000);
  EXPECT_EQ(options({"-f", "3000"}).interval_ms, 3000);
  EXPECT_THAT(refusal({"-f", "1", "--interval", "2s"}), HasSubstr("give one"));
}

TEST_F(OptionsTest, refusals_name_option_and_origin) {
  EXPECT_THAT(refusal({"--keep", "0"}), HasSubstr("--keep (command line): '0'"));
  EXPECT_THAT(refusal({"-f", "1.5"}), HasSubstr("--frequency (command line): '1.5'"));
  EXPECT_THAT(refusal({"-f", "-2"}), HasSubstr("'-2'"));
  EXPECT_THAT(refusal({"--mode", "half"}), HasSubstr("neither continue nor tracked"));
  EXPECT_THAT(refusal({"--resume", "soon"}), HasSubstr("'soon'"));
  EXPECT_THAT(refusal({"--signal", "KILL"}), HasSubstr("SIGKILL cannot"));
  EXPECT_THAT(refusal({"--signal", "USR1,,TERM"}), HasSubstr("is not a signal"));
  EXPECT_THAT(refusal({"--interval", "auto"}), HasSubstr("auto"));
  EXPECT_THAT(refusal({"--cut-timeout", "0"}), HasSubstr("too short"));
  EXPECT_THAT(refusal({"--run-id", "../x"}), HasSubstr("'../x'"));
  EXPECT_THAT(refusal({"--run-id", ""}), HasSubstr("needs a value"));
  ::setenv("CHKPT_KEEP", "many", 1);
  EXPECT_THAT(refusal({}), HasSubstr("(environment CHKPT_KEEP): 'many'"));
}

TEST_F(OptionsTest, abbreviations_and_unknown_options_are_refused) {
  EXPECT_THAT(refusal({"--kee", "3"}), HasSubstr("unrecognised option '--kee'"));
  EXPECT_THAT(refusal({"-i"}), HasSubstr("-i"));
  EXPECT_THAT(refusal({"--show-config=1"}), HasSubstr("--show-config"));
}

TEST_F(OptionsTest, file_errors_name_the_line) {
  write("chkpt.conf", "keep = 3\nkeeep = 4\n");
  EXPECT_THAT(refusal({}), HasSubstr("./chkpt.conf:2: unknown option 'keeep'"));
  write("chkpt.conf", "keep\n");
  EXPECT_THAT(refusal({}), HasSubstr("./chkpt.conf:1: expected"));
  write("chkpt.conf", "\nkeep = no\n");
  EXPECT_THAT(refusal({}), HasSubstr("--keep (./chkpt.conf:2): 'no'"));
  EXPECT_THAT(refusal({"--config", "absent.conf"}), HasSubstr("cannot read absent.conf"));
  write("other.conf", "keep = 9\n");
  EXPECT_EQ(options({"--config", "other.conf"}).keep, 9);
}

TEST_F(OptionsTest, target_must_be_readable) {
  EXPECT_THROW(parse({"chkpt-mpi"}), UsageError);
  EXPECT_THROW(parse({"chkpt-mpi", "absent.py"}), UsageError);
  std::filesystem::create_directory("package");
  EXPECT_THROW(parse({"chkpt-mpi", "package"}), UsageError);
  write("package/__main__.py", "");
  EXPECT_EQ(parse({"chkpt-mpi", "package"}).config.launch.kind, python::LaunchSpec::Kind::kPath);
}

TEST_F(OptionsTest, answers_need_no_script) {
  EXPECT_THAT(*parse({"chkpt-mpi", "--help"}).answer, HasSubstr("--cut-timeout TIME"));
  EXPECT_THAT(*parse({"chkpt-mpi", "-V"}).answer, HasSubstr("chkpt-mpi "));
  EXPECT_FALSE(parse({"chkpt-mpi", "s.py", "--help"}).answer.has_value());
}

TEST_F(OptionsTest, shown_config_is_a_config_file) {
  ::setenv("CHKPT_MODE", "tracked", 1);
  const std::string shown = *parse({"chkpt-mpi", "--keep", "7", "--show-config"}).answer;
  EXPECT_THAT(shown, HasSubstr("# environment CHKPT_MODE"));
  ::unsetenv("CHKPT_MODE");
  write("chkpt.conf", shown);
  const run::Config o = options({});
  EXPECT_EQ(o.keep, 7);
  EXPECT_EQ(o.mode, run::Mode::kTracked);
  EXPECT_EQ(o.interval_ms, 600'000);
}

TEST(StartedAsPythonTest, by_name) {
  EXPECT_TRUE(is_started_as_python("/x/python3"));
  EXPECT_TRUE(is_started_as_python("python"));
  EXPECT_FALSE(is_started_as_python("/python/chkpt-mpi"));
  EXPECT_FALSE(is_started_as_python(nullptr));
}

}  // namespace
}  // namespace chkpt::cli
