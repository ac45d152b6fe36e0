// SPDX-License-Identifier: BSD-3-Clause
// A job of many ranks simulated without MPI: random programs of sends, receives and barriers run
// under the coordinator's orders, which take the way of the tree, in random interleavings. Every
// message is encoded and decoded. Counts what each process handles.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "cut/coordinator.hpp"
#include "cut/relay.hpp"
#include "cut/tree.hpp"

namespace chkpt::cut {

// One step of a rank's program. All ranks' programs are generated together, so none can deadlock.
struct Step {
  enum class Kind : std::uint8_t { kCompute, kSend, kReceive, kBarrier };
  Kind kind = Kind::kCompute;
  int peer = 0;
};

// Follows the rules of a rank: stops at boundaries when its targets are met, drains, answers.
struct SimulatedRank {
  std::vector<Step> program;
  std::size_t at = 0;
  bool inside = false;  // between entry and exit of the present step
  std::uint64_t clock = 0;
  std::unordered_map<int, std::uint64_t> sent, received, channel_target;
  std::uint64_t all_sent = 0, all_received = 0, all_sent_to_it = 0;
  std::uint64_t clock_target = 0;
  bool pending = false, frozen = false, prepare_asked = false;
  std::uint64_t epoch = 0;
  std::string last_status;
  std::deque<std::string> inbox;
};

// What one process has handled for the control plane; messages between processes only.
struct Load {
  std::size_t connections = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  double cpu_s = 0;  // of its relay or coordinator
};

struct JobOptions {
  int ranks = 2;
  unsigned seed = 1;
  bool restartable = true;  // ranks may stand inside receives
  bool write_behind = false;
  int fan_out = kFanOut;
  int ranks_per_node = 1 << 30;
  int steps_per_rank = 60;
};

class SimulatedJob {
 public:
  explicit SimulatedJob(const JobOptions& options);

  // Until all programs have ended, or `cuts` have been made; asks for cuts now and then. False: it
  // got stuck.
  bool run(int cuts = 1 << 30);

  int cuts() const { return cuts_; }
  const std::vector<std::string>& errors() const { return errors_; }
  const std::vector<Load>& loads() const { return loads_; }

 private:
  // A process with others below it: the coordinator or a relay, with one queue per port.
  struct Hub {
    std::vector<int> ranks;  // at the other ends of the ports, its own last
    std::vector<RankSet> below;
    std::unique_ptr<Relay> relay;
    std::vector<std::deque<std::string>> from_below;
    std::deque<std::string> from_above;
    std::size_t waiting = 0;
  };

  void build_tree();
  Coordinator::Time time() const { return {now_, 0}; }
  std::size_t pick(std::size_t n) { return random_() % n; }
  void add_random_step();
  bool all_ended() const { return ended_ == ranks_.size(); }
  bool targets_met(const SimulatedRank& rank) const;
  bool can_leave_step(std::size_t r) const;
  bool stands(const SimulatedRank& rank) const;
  Status status(std::size_t r) const;
  void take_one_turn();
  void step_rank(std::size_t r);
  void move(std::size_t r);
  void answer_prepare(std::size_t r);
  void uplink(std::size_t r, MessageType type, bool ok = true, Phase phase = Phase::kVerify);
  void take_order(std::size_t r);
  void hub_turn(std::size_t r);
  void send_up(int from, const Message& message);
  void send_down(Hub& hub, const Message& message);
  void verify();
  void collect();
  void expect(bool ok, const char* what);

  JobOptions options_;
  std::mt19937 random_;
  std::vector<SimulatedRank> ranks_;
  std::vector<TreeNode> tree_;
  std::vector<std::unique_ptr<Hub>> hubs_;       // by rank; null: a leaf
  std::vector<std::pair<int, std::size_t>> up_;  // by rank: the hub and its port
  std::unique_ptr<Coordinator> coordinator_;
  std::vector<Load> loads_;
  std::vector<std::uint64_t> entered_;  // ranks that have entered the n-th barrier
  std::vector<std::string> errors_;
  std::size_t ended_ = 0;
  double now_ = 0;
  bool wanted_ = false;
  int cuts_ = 0;
};

}  // namespace chkpt::cut
