// SPDX-License-Identifier: BSD-3-Clause
// SIGKILL at every file system call of claiming, writing, committing and removing snapshots: the
// newest committed one is always intact, never older than what was acknowledged, and the next
// incarnation goes on from it.
#include <array>

#include <sys/wait.h>

#include "fault_control.hpp"

namespace chkpt::store {
namespace {

int count_directories(const std::string& path) {
  int count = 0;
  for (const auto& entry : boost::filesystem::directory_iterator(path)) {
    if (boost::filesystem::is_directory(entry)) ++count;
  }
  return count;
}

class StorageKillTest : public FaultTest {
 protected:
  struct Fate {
    bool was_killed = false;
    std::uint64_t acknowledged = 0;
  };

  // A child takes three snapshots and tells of each commit; it dies at call number `at`.
  Fate run_victim(long at) {
    std::array<int, 2> pipe{};
    if (::pipe(pipe.data()) != 0) std::abort();
    const pid_t child = ::fork();
    if (child == 0) {
      RunDirectory run = open_run();
      faults_.arm(FaultKind::kKill, 0, false, at);
      const Generation generation = run.claim("victim");
      std::uint64_t epoch = run.highest_epoch();
      for (int i = 0; i < 3; ++i) {
        take_snapshot(run, generation, ++epoch);
        if (::write(pipe[1], &epoch, sizeof epoch) != sizeof epoch) ::_exit(1);
      }
      ::_exit(0);
    }
    ::close(pipe[1]);
    Fate fate;
    std::uint64_t epoch = 0;
    while (::read(pipe[0], &epoch, sizeof epoch) == sizeof epoch) fate.acknowledged = epoch;
    ::close(pipe[0]);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    fate.was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    EXPECT_TRUE(fate.was_killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
    return fate;
  }
};

TEST_F(StorageKillTest, newest_snapshot_is_always_intact_and_never_goes_back) {
  std::uint64_t newest = 0;
  long kills = 0;
  for (long at = 1;; ++at) {
    const Fate fate = run_victim(at);
    RunDirectory run = open_run();
    const std::uint64_t found = newest_intact(run);
    ASSERT_GE(found, newest) << "went back after call " << at;
    ASSERT_GE(found, fate.acknowledged) << "lost an acknowledged snapshot at call " << at;
    if (!fate.was_killed) break;
    ++kills;
    // The next incarnation goes on, and what the dead one left behind goes with its commit.
    const Generation generation = run.claim("survivor");
    newest = run.highest_epoch() + 1;
    take_snapshot(run, generation, newest);
    ASSERT_EQ(newest_intact(run), newest) << "after call " << at;
    ASSERT_LE(count_directories(run.path()), 2) << "after call " << at;
  }
  EXPECT_GT(kills, 60);
}

}  // namespace
}  // namespace chkpt::store
