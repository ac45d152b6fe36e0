// SPDX-License-Identifier: BSD-3-Clause
// One rank's part in a cut. The main thread meets the agent at safe points, inside blocked MPI
// calls and after the script's end; a control thread, asleep when nothing is wanted, talks to the
// coordinator (a thread of rank 0). Only the main thread ever calls MPI, Python or Work, except
// Work::commit, which runs in rank 0's coordinator thread.
// A run that never uses MPI is the same with one rank and no clocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cut/hooks.hpp"
#include "cut/tree.hpp"

namespace chkpt::cut {

enum class TriggerKind : std::uint8_t { kInterval, kSignal, kApi, kRequest, kDeadline };

struct Trigger {
  TriggerKind kind = TriggerKind::kRequest;
  std::string name;   // chkpt.snapshot(name)
  bool stop = false;  // leave with kExitRequeue once committed
  bool wait = true;   // kApi: snapshot() returns when it is committed
};
// "interval", "signal", "api:NAME", "request", "deadline"
std::string trigger_text(const Trigger& trigger);

// Where the main thread of this rank stands at the cut.
enum class Position : std::uint8_t { kSafePoint, kBlockedCall, kFinished };

struct CutInfo {
  std::uint64_t attempt = 0;  // number of the cut within this process; the same on every rank
  Trigger trigger;
  Position position = Position::kSafePoint;
  void* context = nullptr;    // what at_safe_point() was given; null elsewhere
  const char* mpi_call = "";  // kBlockedCall: the MPI function
  double cut_ms = 0;          // from the request to the moment all ranks stood still
  std::int64_t started_unix_ns = 0;
  bool is_behind = false;  // the script runs on: this is not the main thread
};

struct Report {
  bool ok = true;
  std::string message;
  std::string payload;
};

// Payload of a capture's report: this rank has to stand while it writes.
constexpr char kMustStand[] = "stand";

// What is done at a cut; implemented by lib/run. Called without the GIL. A thrown exception counts
// as Report{false, what()}.
class Work {
 public:
  virtual ~Work() = default;
  // Main thread of each rank, in this order; the next one only if all ranks reported ok.
  virtual Report capture(const CutInfo& info) = 0;
  virtual Report write(const CutInfo& info) = 0;
  // Instead of write(), while the main thread runs on; the control thread. What capture() has
  // prepared is written by a thread of the implementation's, which calls `done` once. That may be
  // from any thread, also before this returns.
  virtual void write_behind(const CutInfo& info, const std::function<void(const Report&)>& done) {
    done(write(info));
  }
  // Rank 0's coordinator thread; no Python, no MPI. `reports` are those of write(), by rank.
  virtual Report commit(const CutInfo& info, const std::vector<Report>& reports) = 0;
  // The same thread after a commit, while the ranks run on (or before they leave): what is not
  // needed any more may go. Must not throw.
  virtual void tidy() {}
  // Each rank: the snapshot was committed, or dropped for `message`. In the main thread, or after
  // write_behind() in the control thread; always before anything of the next cut.
  virtual void committed(const CutInfo& info, bool ok, const std::string& message) = 0;
  // Main thread of each rank after a committed cut whose trigger said stop. Must not return.
  virtual void leave(const CutInfo& info) = 0;
  // Coordinator thread: a trigger led to no cut at all (deferred, or given up after cut_timeout).
  virtual void skipped(const Trigger& trigger, const std::string& message) = 0;
  // Coordinator thread: somebody asked who keeps the ranks from a common stop.
  virtual void waiting(const std::string& /*message*/) {}
};

struct Config {
  double interval_s = 0;            // 0: no timer
  std::uint64_t interval_seed = 0;  // not 0: each wait is drawn from [0, 2 * interval_s)
  double cut_timeout_s = 30;        // give up when the ranks cannot come to a common stop
  double api_wait_s = 1;            // how long snapshot() waits for the other ranks' snapshot()
  double ask_after_s = 0;           // says by itself who keeps a cut waiting for so long; 0: never
  bool restart_blocked = true;      // may stand inside restartable blocked calls
  bool write_behind = false;  // ranks run on when captured, unless somebody waits for the commit
  // An event descriptor by which the control thread may be woken, for a Work whose write_behind()
  // calls `done` in a thread with descriptors of its own; it stays the caller's. -1: none is
  // needed.
  int wake_descriptor = -1;
  std::function<bool()> poll_request;  // rank 0, once a second: is there a request file?
  // Rank 0, once a second: the exit code with which all ranks shall end at once, 0 to go on.
  std::function<int()> poll_end;
  // When a rank is lost: how long the others wait to be told to stop before they end by
  // themselves. A batch system needs minutes to see that a node has died, and takes a job that has
  // ended before for one that failed by itself.
  double lost_patience_s = 0;
  int fan_out = kFanOut;  // of the tree that control messages take
};

// What a checkpoint carries of the agent itself; equal numbers on all ranks are not required.
struct AgentState {
  std::uint64_t api_calls = 0;
  std::uint64_t api_satisfied = 0;
};

class Agent {
 public:
  Agent();
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Main thread, after mpi::session::start(); collective. Throws IoError or MpiError.
  void start(const Config& config, const PythonHooks& hooks, Work* work);

  void trigger(const Trigger& trigger);  // any thread
  void trigger_from_signal(bool stop);   // async-signal-safe
  void set_interval(double seconds);     // any thread; reaches the coordinator from any rank

  // Main thread, from the safe-point handler, GIL held; it is released while waiting here.
  // `context` reaches Work::capture. Returns at once when nothing is wanted.
  void at_safe_point(void* context);

  // Main thread, GIL held, from chkpt.snapshot(): asks for a cut at the boundary right after this
  // call. All ranks' n-th calls belong together: the others run on to theirs (for api_wait_s).
  // False when the n-th request has been served already; then nothing happens. `wait`: until it is
  // committed, not only captured.
  bool api_snapshot(const std::string& name, bool wait = true);

  // Main thread, GIL not held: the script has ended well. Joins further cuts until all ranks are
  // done, then returns.
  void script_done();
  // Any thread: returns when what is being written behind the script's back is committed or
  // dropped, or after so long.
  void settle(double seconds);
  // Ends the threads. After script_done(), or when the process is about to leave anyway.
  void stop();

  AgentState state() const;
  void adopt(const AgentState& state);  // before start()

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
  AgentState adopted_;
};

}  // namespace chkpt::cut
