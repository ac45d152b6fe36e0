// SPDX-License-Identifier: BSD-3-Clause
#include "run/command.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chkpt::run {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

volatile std::sig_atomic_t g_child_signals = 0;
extern "C" void on_child(int) { g_child_signals = g_child_signals + 1; }

TEST(CommandTest, gives_all_output) {
  const CommandResult result = Command({"sh", "-c", "echo one; echo two >&2; exit 3"}).wait(10s);
  EXPECT_TRUE(result.ended);
  EXPECT_EQ(result.output, "one\ntwo");
}

TEST(CommandTest, words_are_not_split_or_expanded) {
  EXPECT_EQ(Command({"printf", "%s", "a  b; echo $HOME"}).wait(10s).output, "a  b; echo $HOME");
}

TEST(CommandTest, one_that_is_not_there_says_so) {
  const CommandResult result = Command({"/no-such-command"}).wait(10s);
  EXPECT_TRUE(result.ended);
  EXPECT_THAT(result.output, HasSubstr("no-such-command: No such file"));
}

TEST(CommandTest, one_that_takes_too_long_is_killed) {
  const auto begin = std::chrono::steady_clock::now();
  const CommandResult result = Command({"sleep", "60"}).wait(100ms);
  EXPECT_FALSE(result.ended);
  EXPECT_THAT(result.output, HasSubstr("no answer"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

TEST(CommandTest, takes_none_of_the_low_numbers) {
  const int before = ::dup(0);
  ::close(before);
  Command command({"sleep", "60"});
  const int meanwhile = ::dup(0);
  ::close(meanwhile);
  EXPECT_EQ(meanwhile, before);
  EXPECT_FALSE(command.poll());
}

TEST(CommandTest, the_script_never_meets_it) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = on_child;
  ASSERT_EQ(::sigaction(SIGCHLD, &action, &before), 0);
  Command command({"echo", "done"});
  ::usleep(200'000);
  EXPECT_EQ(::waitpid(-1, nullptr, 0), -1);
  EXPECT_EQ(errno, ECHILD);
  EXPECT_EQ(command.wait(10s).output, "done");
  EXPECT_EQ(g_child_signals, 0);
  ::sigaction(SIGCHLD, &before, nullptr);
}

TEST(CommandTest, runs_with_default_signals) {
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(::sigaction(SIGTERM, &ignore, &before), 0);
  EXPECT_EQ(Command({"sh", "-c", "kill -TERM $$; echo alive"}).wait(10s).output, "");
  ::sigaction(SIGTERM, &before, nullptr);
}

TEST(CommandTest, does_not_block_while_it_runs) {
  Command command({"sleep", "60"});
  EXPECT_FALSE(command.poll());
}

}  // namespace
}  // namespace chkpt::run
