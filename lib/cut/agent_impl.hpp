// SPDX-License-Identifier: BSD-3-Clause
// The inside of Agent. agent.cpp: start, stop, triggers. agent_main.cpp: the main thread at safe
// points, in blocked calls and after the script. agent_control.cpp: the control thread, and the
// statuses both of them send. Whatever is not const after start() or atomic is guarded by mutex_.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/blocked_signals.hpp"
#include "base/unique_fd.hpp"
#include "cut/agent.hpp"
#include "cut/coordinator_thread.hpp"
#include "cut/link.hpp"
#include "cut/message.hpp"
#include "cut/relay_thread.hpp"
#include "mpi/interpose/gate.hpp"

namespace chkpt::cut {

class Agent::Impl : public mpi::GateKeeper {
 public:
  Impl(Config config, const PythonHooks& hooks, Work* work, const AgentState& state);
  ~Impl() override;

  void send_trigger(const Trigger& trigger, std::uint64_t number = 0);
  void send_interval(double seconds);
  void trigger_from_signal(bool stop) const;
  AgentState state() const;

  void at_safe_point(void* context);
  bool api_snapshot(const std::string& name, bool wait);
  void script_done();
  void settle(double seconds);
  // In the child of a fork: nothing of this exists any more but memory.
  bool in_other_process() const;

  // GateKeeper
  bool blocked(const mpi::BlockedCall& call) override;
  void before_collective(const mpi::BlockedCall& call) override;
  void left_collective(mpi::CommInfo& comm) override;
  void unblocked() override;
  bool polled(const std::vector<mpi::Need>& needs) override;
  void advanced() override;
  void call_done() override;
  std::string line() override;

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Channel = std::pair<std::string, int>;  // communicator, world rank

  static void wake(int fd, std::uint64_t value);  // async-signal-safe

  // main thread
  void connect();
  void stand(Lock& lock);
  bool one_round(Lock& lock);
  void drain(Lock& lock);
  void answer_prepare();
  void carry_out(Lock& lock, const Message& order);
  Report perform(const Message& order);
  CutInfo cut_info(const Message& order) const;
  static CutInfo info_of(const Message& order);
  void ask_restartable(Lock& lock, const mpi::BlockedCall& call);
  void blocked_round(Lock& lock);
  void go_on();
  bool targets_met();
  bool rests() const;
  static bool is_held_up();  // by an open epoch or what other threads do; either thread
  bool receptions_met();
  bool is_waited_for(const ChannelNeed& need);
  void weigh(bool may_stand);
  bool wants_api() const;

  // control thread
  int sample_ms();
  void look_again();
  void run_control();
  void on_message(Message& message);
  void on_request(const Message& message);
  void on_advance(const Message& message);
  void on_resume(const Message& message);
  void begin_writing(const Message& order);
  void report_written();
  void on_outcome(const Message& message);
  void answer_why(std::uint64_t epoch);
  void take_signal();
  [[noreturn]] void lost(int rank) const;

  // either, under mutex_
  Status make_status() const;
  void publish(bool always = false);
  void send(const Message& message);
  void set_pending(bool pending);

  const Config config_;
  const PythonHooks hooks_;
  Work* const work_;
  const pid_t pid_;
  int ranks_ = 1;
  Link link_;          // to the coordinator or the relay of this process, else to the parent
  int link_rank_ = 0;  // at its other end
  UniqueFd own_wake_fd_;
  const int wake_fd_;                               // the control thread shall look at the state
  UniqueFd signal_fd_;                              // written by signal handlers: 1 or kStopSignal
  std::unique_ptr<CoordinatorThread> coordinator_;  // rank 0
  std::unique_ptr<RelayThread> relay_;              // other ranks with children in the tree
  std::thread control_;

  std::atomic<bool> pending_{false};
  std::atomic<std::uint64_t> api_calls_;
  std::atomic<std::uint64_t> api_satisfied_;
  std::atomic<std::uint64_t> api_after_cut_{0};  // what the cut in progress will have satisfied
  std::atomic<bool> quit_{false};                // the job is over, or this process leaves
  std::atomic<bool> leaving_{false};             // told to leave: a lost link means nothing

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t epoch_ = 0;
  RankState state_ = RankState::kRunning;
  bool eligible_ = false;
  // The main thread has compared the present targets with its counters. Until then nobody is told
  // what it waits for: a sender that is asked to run on for a rank that may stand after all would
  // run for as long as the application lets it.
  bool weighed_ = false;
  bool held_up_ = false;       // for that alone it was not to stand when it was last weighed
  bool known_to_all_ = false;  // of the pending cut: messages may be taken out, see sync_sends.hpp
  bool frozen_ = false;
  bool prepare_asked_ = false;
  std::optional<Message> order_;  // a phase to carry out
  // The write phase that goes on behind the main thread, until its outcome is known; and what it
  // has to report.
  std::optional<Message> behind_;
  std::optional<Report> written_;
  bool writing_ = false;  // Work has not called back yet
  std::vector<ChannelNeed> needs_;
  std::string call_;
  bool restart_asked_ = false;  // of the hooks, for the present blocked call
  bool restartable_ = false;
  std::string why_not_restartable_;
  void* context_ = nullptr;
  std::chrono::steady_clock::time_point requested_at_;
  std::chrono::steady_clock::time_point waits_since_;  // the request, or the last clock advance
  std::string last_status_;
  std::map<std::string, std::uint64_t> clock_targets_;
  std::map<Channel, std::uint64_t> channel_targets_;
  std::map<Channel, std::uint64_t> any_targets_;  // channel -> messages sent that suffice
  std::vector<Channel> new_any_targets_;          // the main thread has yet to look up the counters
  // Since when this rank's own threads have been at rest again; of a rank that was asked to run on
  // for another one's threads.
  std::chrono::steady_clock::time_point rested_since_;
  struct Reception {
    Channel from;
    int tag = 0;
    std::uint64_t left = 0;  // no more than these may wait for the script
  };
  std::vector<Reception> reception_targets_;
  std::map<Channel, int> failed_polls_;
  std::uint64_t api_target_ = 0;
};

}  // namespace chkpt::cut
