// SPDX-License-Identifier: BSD-3-Clause
// A run without MPI: one rank, the same agent and coordinator over a socket pair.
#include "cut/agent.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

namespace chkpt::cut {
namespace {

std::atomic<bool> g_wanted{false};

PythonHooks hooks() {
  PythonHooks made;
  made.request_safe_point = [] { g_wanted = true; };
  made.where = [] { return std::string("at loop.py:3"); };
  return made;
}

struct RecordingWork : Work {
  std::atomic<int> captures{0}, commits{0}, concluded{0}, skips{0};
  std::string failure;
  CutInfo seen;
  std::string text;
  Report capture(const CutInfo& info) override {
    ++captures;
    seen = info;
    if (agent != nullptr) captured = agent->state();
    if (failure == "throw") throw std::runtime_error("cannot pickle <socket>");
    return {};
  }
  Report write(const CutInfo&) override { return {true, "", "file"}; }
  Report commit(const CutInfo&, const std::vector<Report>& reports) override {
    ++commits;
    return {reports.size() == 1 && reports[0].payload == "file", "", ""};
  }
  Agent* agent = nullptr;
  AgentState captured;
  void committed(const CutInfo&, bool ok, const std::string& message) override {
    text = ok ? "ok" : message;
    ++concluded;
  }
  void leave(const CutInfo&) override { ::_exit(75); }
  void skipped(const Trigger&, const std::string& message) override {
    text = message;
    ++skips;
  }
};

template <class F>
bool run_until(Agent& agent, F done, double seconds = 10) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!done() && std::chrono::steady_clock::now() < end) {
    if (g_wanted.exchange(false)) agent.at_safe_point(&agent);
  }
  return done();
}

TEST(AgentTest, cuts_at_a_safe_point_and_passes_its_context) {
  RecordingWork work;
  Agent agent;
  agent.start({}, hooks(), &work);
  agent.trigger({TriggerKind::kRequest, "", false});
  EXPECT_TRUE(run_until(agent, [&] { return work.concluded == 1; }));
  EXPECT_EQ(work.seen.context, &agent);
  EXPECT_EQ(work.seen.position, Position::kSafePoint);
  EXPECT_EQ(work.commits, 1);
  EXPECT_EQ(work.text, "ok");
  agent.script_done();
}

TEST(AgentTest, the_interval_timer_goes_on_and_on) {
  RecordingWork work;
  Agent agent;
  Config config;
  config.interval_s = 0.01;
  agent.start(config, hooks(), &work);
  EXPECT_TRUE(run_until(agent, [&] { return work.concluded >= 5; }));
  agent.script_done();
}

TEST(AgentTest, the_interval_can_be_switched_on_at_run_time) {
  RecordingWork work;
  Agent agent;
  agent.start({}, hooks(), &work);
  agent.set_interval(0.01);
  EXPECT_TRUE(run_until(agent, [&] { return work.concluded >= 2; }));
  agent.script_done();
}

TEST(AgentTest, an_exception_in_capture_drops_the_cut_with_its_text) {
  RecordingWork work;
  work.failure = "throw";
  Agent agent;
  agent.start({}, hooks(), &work);
  agent.trigger({TriggerKind::kRequest, "", false});
  EXPECT_TRUE(run_until(agent, [&] { return work.concluded == 1; }));
  EXPECT_EQ(work.text, "cannot pickle <socket>");
  EXPECT_EQ(work.commits, 0);
  agent.script_done();
}

TEST(AgentTest, gives_up_on_a_script_that_reaches_no_safe_point) {
  RecordingWork work;
  Agent agent;
  Config config;
  config.cut_timeout_s = 0.1;
  agent.start(config, hooks(), &work);
  agent.trigger({TriggerKind::kRequest, "", false});
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (work.skips == 0 && std::chrono::steady_clock::now() < end) ::usleep(1000);
  EXPECT_EQ(work.text, "no common stop within 100 ms; rank 0: running (at loop.py:3)");
  agent.script_done();
}

TEST(AgentTest, api_snapshot_is_taken_at_the_next_boundary) {
  RecordingWork work;
  Agent agent;
  agent.start({}, hooks(), &work);
  work.agent = &agent;
  EXPECT_TRUE(agent.api_snapshot("iter1"));
  agent.at_safe_point(nullptr);
  EXPECT_EQ(work.concluded, 1);
  EXPECT_EQ(trigger_text(work.seen.trigger), "api:iter1");
  EXPECT_EQ(agent.state().api_satisfied, 1U);
  // Else a resumed run would wait for a cut that has been made.
  EXPECT_EQ(work.captured.api_calls, 1U);
  EXPECT_EQ(work.captured.api_satisfied, 1U);
  agent.script_done();
}

TEST(AgentTest, a_resumed_run_knows_which_snapshots_were_served) {
  RecordingWork work;
  Agent agent;
  agent.adopt({4, 5});
  agent.start({}, hooks(), &work);
  EXPECT_FALSE(agent.api_snapshot("fifth"));
  EXPECT_TRUE(agent.api_snapshot("sixth"));
  agent.at_safe_point(nullptr);
  EXPECT_EQ(work.concluded, 1);
  agent.script_done();
}

TEST(AgentTest, the_request_callback_is_polled) {
  RecordingWork work;
  Agent agent;
  Config config;
  std::atomic<bool> file{true};
  config.poll_request = [&] { return file.exchange(false); };
  agent.start(config, hooks(), &work);
  EXPECT_TRUE(run_until(agent, [&] { return work.concluded == 1; }));
  EXPECT_EQ(work.seen.trigger.kind, TriggerKind::kRequest);
  agent.script_done();
}

TEST(AgentTest, a_stop_signal_ends_in_leave) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    RecordingWork work;
    Agent agent;
    agent.start({}, hooks(), &work);
    agent.trigger_from_signal(true);
    run_until(agent, [] { return false; });
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 75);
}

// Writes when it is told to, in a thread of its own.
struct BehindWork : RecordingWork {
  ~BehindWork() override {
    if (writer.joinable()) writer.join();
  }
  void write_behind(const CutInfo& info, const std::function<void(const Report&)>& done) override {
    if (writer.joinable()) writer.join();
    began = info.attempt;
    writer = std::thread([this, done] {
      while (held) ::usleep(200);
      done({true, "", "file"});
    });
  }
  std::atomic<std::uint64_t> began{0};
  std::atomic<bool> held{true};
  std::thread writer;
};

Config behind() {
  Config config;
  config.write_behind = true;
  return config;
}

TEST(AgentTest, runs_on_while_its_work_writes) {
  BehindWork work;
  Agent agent;
  agent.start(behind(), hooks(), &work);
  agent.trigger({TriggerKind::kRequest, "", false});
  EXPECT_TRUE(run_until(agent, [&] { return work.began == 1; }));
  for (int i = 0; i < 1000; ++i) agent.at_safe_point(nullptr);  // none of them stands
  EXPECT_EQ(work.commits, 0);
  EXPECT_EQ(work.concluded, 0);
  work.held = false;
  agent.settle(10);
  EXPECT_EQ(work.commits, 1);
  EXPECT_EQ(work.text, "ok");
  EXPECT_EQ(work.captures, 1);
  agent.script_done();
}

TEST(AgentTest, the_end_of_the_script_waits_for_what_is_written) {
  BehindWork work;
  Agent agent;
  agent.start(behind(), hooks(), &work);
  agent.trigger({TriggerKind::kRequest, "", false});
  EXPECT_TRUE(run_until(agent, [&] { return work.began == 1; }));
  std::thread later([&work] {
    ::usleep(20000);
    work.held = false;
  });
  agent.script_done();
  EXPECT_EQ(work.commits, 1);
  EXPECT_EQ(work.text, "ok");
  later.join();
}

TEST(AgentTest, can_be_stopped_before_the_outcome) {
  BehindWork work;
  work.held = false;
  for (int i = 0; i < 50; ++i) {
    Agent agent;
    agent.start(behind(), hooks(), &work);
    agent.trigger({TriggerKind::kRequest, "", false});
    EXPECT_TRUE(run_until(agent, [&] { return work.captures > i; }));
    agent.stop();
  }
}

TEST(AgentTest, the_child_of_a_fork_takes_no_part) {
  RecordingWork work;
  Agent agent;
  agent.start({}, hooks(), &work);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    agent.trigger({TriggerKind::kRequest, "", false});
    agent.at_safe_point(nullptr);
    const bool asked = agent.api_snapshot("x");
    agent.script_done();
    agent.stop();
    ::_exit(asked ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  agent.trigger({TriggerKind::kRequest, "", false});
  EXPECT_TRUE(run_until(agent, [&] { return work.concluded == 1; }));
  agent.script_done();
}

}  // namespace
}  // namespace chkpt::cut
