// SPDX-License-Identifier: BSD-3-Clause
// The job's one coordinator as a state machine: messages and the time go in, messages come out. No
// I/O, no threads, no MPI, so that every path can be tested and simulated; CoordinatorThread drives
// it. It hears the ranks through ports, many ranks through one where relays join their words
// (relay.hpp); what it sends says for which ranks it is. One cut: request -> statuses (advance ...)
// -> prepare -> verify -> capture -> write -> commit
// -> conclude -> resume or leave. Any phase that fails on one rank ends the cut on all. Most cuts
// are written behind the script's back: capture -> resume, while write -> commit -> outcome go on.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "cut/gathering.hpp"
#include "cut/message.hpp"
#include "cut/planner.hpp"

namespace chkpt::cut {

struct Output {
  enum class What : std::uint8_t { kSend, kCommit, kTidy, kSkipped, kWaiting, kQuit };
  What what = What::kSend;
  Message message;              // kSend: to message.ranks, targets to theirs; see part_for
  CutInfo info;                 // kCommit
  std::vector<Report> reports;  // kCommit: of the write phase, by rank
  Trigger trigger;              // kSkipped
  std::string text;             // kSkipped, kWaiting
};
using Outputs = std::vector<Output>;

class Coordinator {
 public:
  // `now` is any monotonic clock in seconds; `unix_ns` the wall clock, for the records only.
  struct Time {
    double now = 0;
    std::int64_t unix_ns = 0;
  };

  // `ports`: the ranks that speak through each; together all ranks from 0 on.
  Coordinator(std::vector<RankSet> ports, Config config, Time start);

  void receive(std::size_t port, Message message, Time time);
  void trigger(const Trigger& trigger, Time time);
  // The result of the kCommit output.
  void commit_result(const Report& report, Time time);
  void tick(Time time);

  // When tick() is due; empty: not before a message comes.
  std::optional<double> next_wakeup() const;
  Outputs take_outputs();  // after one or more of the above
  // The ranks are going away on purpose: lost links mean nothing.
  bool leaving() const { return state_ == State::kLeaving; }

 private:
  enum class State : std::uint8_t {
    kIdle,
    kCollect,
    kPrepare,
    kPhase,
    kBehind,  // the ranks run on and write
    kCommit,
    kGivingUp,
    kLeaving,
  };

  double next_wait();
  void send(Message message);
  void tidy();
  Message message(MessageType type) const;

  void want(const Trigger& trigger);
  void start_if_wanted();
  void on_trigger(const Message& message);
  void on_status(std::size_t port, Message& message);
  void on_prepared(std::size_t port, Message& message);
  void on_report(std::size_t port, Message& message);
  void on_because(const Message& message);
  bool deferred();
  void consider();
  void back_to_collect();
  void begin_phase(Phase phase, const std::string& text = {});
  bool may_write_behind(const std::vector<Answer>& reports) const;
  void write_behind();
  void say_outcome(const Report& report);
  void end_phase();
  void begin_commit(const std::vector<Answer>& reports);
  void note_slow_comms(const std::vector<Answer>& reports);
  void conclude(bool ok, const std::string& text);
  void finish_conclude();
  void ask_who_blocks();
  void say_who_blocks();
  // Asks every rank that does not stand why.
  void ask_why();
  std::string reasons() const;
  void give_up();
  void skip(const std::string& text);
  void resume();
  void release();
  void become_idle();
  void retry_later();
  bool waits_for_api() const;
  std::string at_rank(const std::string& text, int rank) const;
  bool everybody_done() const;
  std::uint64_t largest_api() const;
  std::uint64_t satisfied_after() const;

  const std::vector<RankSet> ports_;
  RankSet everybody_;
  const std::size_t ranks_;
  Config config_;
  Planner planner_;
  Outputs outputs_;
  Time time_;
  State state_ = State::kIdle;
  std::uint64_t epoch_ = 0;
  std::uint64_t attempt_ = 0;
  std::mt19937_64 random_;  // of the waits, if they are to be random
  double next_interval_ = 0;
  std::optional<Trigger> wanted_;
  double not_before_ = 0;  // earliest start of the wanted cut
  double backoff_s_ = 1;
  std::uint64_t api_satisfied_ = 0;
  std::uint64_t api_called_ = 0;  // largest number asked for by a trigger
  bool api_waits_ = false;        // one of them, not satisfied yet, wants it committed

  // Of the current cut.
  Trigger trigger_;
  Time requested_;
  double cut_ms_ = 0;
  Gathering statuses_;
  Gathering prepared_;
  Gathering reports_;
  bool statuses_new_ = false;
  Census census_;              // joined from the latest statuses, or from the answers to "prepare"
  RankSet done_;               // their script has ended; survives the cut
  bool known_to_all_ = false;  // every rank has answered the request, and has been told so
  bool api_waiting_ = false;   // the ranks are running on to their next snapshot()
  Phase phase_ = Phase::kVerify;
  bool committed_ = false;
  bool behind_ = false;               // the ranks run on, what was captured is being written
  std::set<std::string> slow_comms_;  // as the ranks reported with the verification
  RankSet must_run_;
  // Who was asked why, who has not answered yet, and what the others said.
  RankSet asked_why_, silent_;
  std::vector<Answer> because_;
  std::optional<double> asked_;  // somebody wants to know who blocks: since then
  bool asked_unasked_ = false;   // because of Config::ask_after_s
  RankSet signalled_;            // these ranks got a signal, until the trigger has been served
};

}  // namespace chkpt::cut
