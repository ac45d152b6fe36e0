// SPDX-License-Identifier: BSD-3-Clause
// Many ranks simulated without MPI: random programs of sends, receives and collectives run under
// the coordinator's orders in random interleavings. Every cut must hold, and every request must
// end.
#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "cut/coordinator.hpp"

namespace chkpt::cut {
namespace {

// One step of a rank's program. All ranks' programs are generated together, so none can deadlock.
struct Step {
  enum class Kind { kCompute, kSend, kReceive, kBarrier };
  Kind kind = Kind::kCompute;
  int peer = 0;
};

// Follows the rules of a rank: stops at boundaries when its targets are met, drains, answers.
struct SimulatedRank {
  std::vector<Step> program;
  std::size_t at = 0;
  bool inside = false;  // between entry and exit of the present step
  std::uint64_t clock = 0;
  std::vector<std::uint64_t> sent, received;
  std::uint64_t clock_target = 0;
  std::vector<std::uint64_t> channel_target;
  bool pending = false, frozen = false, prepare_asked = false;
  std::uint64_t epoch = 0;
};

class Simulation {
 public:
  Simulation(int ranks, unsigned seed, bool restartable)
      : random_(seed),
        restartable_(restartable),
        ranks_(static_cast<std::size_t>(ranks)),
        coordinator_(ranks, Config{}, {0, 0}) {
    const auto n = static_cast<std::size_t>(ranks);
    for (SimulatedRank& rank : ranks_) {
      rank.sent.assign(n, 0);
      rank.received.assign(n, 0);
      rank.channel_target.assign(n, 0);
    }
    for (int i = 0; i < 60 * ranks; ++i) add_random_step(n);
    inboxes_.resize(n);
    uplinks_.resize(n);
  }

  // Runs until all programs have ended; cuts are asked for now and then.
  void run() {
    for (int turn = 0; !all_ended(); ++turn) {
      ASSERT_LT(turn, 4000000) << "stuck";
      if (turn % 97 == 0 && !wanted_) {
        wanted_ = true;
        coordinator_.trigger({TriggerKind::kRequest, "", false}, time());
        collect();
      }
      take_one_turn();
    }
  }
  int cuts() const { return cuts_; }

 private:
  Coordinator::Time time() const { return {now_, 0}; }
  std::size_t pick(std::size_t n) { return random_() % n; }

  void add_random_step(std::size_t n) {
    const std::size_t r = pick(n);
    switch (pick(4)) {
      case 0:
        ranks_[r].program.push_back({Step::Kind::kCompute, 0});
        break;
      case 1:
        if (pick(6) == 0) {
          for (SimulatedRank& rank : ranks_) rank.program.push_back({Step::Kind::kBarrier, 0});
        }
        break;
      default: {
        const std::size_t to = pick(n);
        if (to == r) break;
        ranks_[r].program.push_back({Step::Kind::kSend, static_cast<int>(to)});
        ranks_[to].program.push_back({Step::Kind::kReceive, static_cast<int>(r)});
      }
    }
  }

  bool all_ended() const {
    for (const SimulatedRank& rank : ranks_) {
      if (rank.at < rank.program.size()) return false;
    }
    return true;
  }

  bool targets_met(const SimulatedRank& rank) const {
    if (rank.clock < rank.clock_target) return false;
    for (std::size_t d = 0; d < ranks_.size(); ++d) {
      if (rank.sent[d] < rank.channel_target[d]) return false;
    }
    return true;
  }

  bool can_leave_step(std::size_t r) const {
    const SimulatedRank& rank = ranks_[r];
    const Step& step = rank.program[rank.at];
    if (step.kind == Step::Kind::kReceive) {
      const auto from = static_cast<std::size_t>(step.peer);
      return ranks_[from].sent[r] > rank.received[from];
    }
    if (step.kind == Step::Kind::kBarrier) {
      for (const SimulatedRank& other : ranks_) {
        if (other.clock < rank.clock) return false;
      }
    }
    return true;
  }

  bool stands(const SimulatedRank& rank) const {
    if (rank.at == rank.program.size()) return true;
    if (!rank.inside) return rank.pending && targets_met(rank);
    return restartable_ && rank.program[rank.at].kind == Step::Kind::kReceive && targets_met(rank);
  }

  Status status(std::size_t r) const {
    const SimulatedRank& rank = ranks_[r];
    Status made;
    const bool ended = rank.at == rank.program.size();
    const Step step = ended ? Step{} : rank.program[rank.at];
    const bool receiving = rank.inside && step.kind == Step::Kind::kReceive;
    const bool still = stands(rank) && !(receiving && can_leave_step(r));
    made.state = ended         ? RankState::kDone
                 : receiving   ? RankState::kBlocked
                 : rank.inside ? RankState::kRunning
                 : still       ? RankState::kParked
                               : RankState::kRunning;
    made.eligible = still && made.state != RankState::kRunning;
    made.clocks = {{"w", rank.clock, {}}};
    if (receiving) {
      made.needs = {{"w", step.peer, rank.received[static_cast<std::size_t>(step.peer)]}};
    }
    if (rank.inside && step.kind == Step::Kind::kBarrier) made.call = "MPI_Barrier";
    for (const std::uint64_t n : rank.sent) made.sent += n;
    for (const std::uint64_t n : rank.received) made.received += n;
    // What has been drained counts as received: here everything that has been sent to a rank that
    // stands still.
    if (made.state != RankState::kRunning) {
      for (std::size_t s = 0; s < ranks_.size(); ++s) {
        made.received += ranks_[s].sent[r] - rank.received[s];
      }
    }
    return made;
  }

  void take_one_turn() {
    now_ += 1e-4;
    const std::size_t r = pick(ranks_.size());
    switch (pick(3)) {
      case 0:
        step_rank(r);
        break;
      case 1:
        if (!inboxes_[r].empty()) take_order(r);
        break;
      default:
        if (!uplinks_[r].empty()) {
          Message message = std::move(uplinks_[r].front());
          uplinks_[r].pop_front();
          coordinator_.receive(static_cast<int>(r), std::move(message), time());
          collect();
        }
    }
  }

  void step_rank(std::size_t r) {
    SimulatedRank& rank = ranks_[r];
    if (!rank.frozen && rank.at < rank.program.size()) move(r);
    if (rank.prepare_asked && !rank.frozen) answer_prepare(r);
    if (rank.pending && !rank.frozen) uplink(r, MessageType::kStatus);
  }

  void move(std::size_t r) {
    SimulatedRank& rank = ranks_[r];
    const Step& step = rank.program[rank.at];
    if (!rank.inside) {
      if (rank.pending && targets_met(rank)) return;  // parked
      rank.inside = true;
      if (step.kind == Step::Kind::kBarrier) ++rank.clock;
      if (step.kind == Step::Kind::kSend) ++rank.sent[static_cast<std::size_t>(step.peer)];
    } else if (can_leave_step(r)) {
      if (step.kind == Step::Kind::kReceive) ++rank.received[static_cast<std::size_t>(step.peer)];
      rank.inside = false;
      ++rank.at;
    }
  }

  void answer_prepare(std::size_t r) {
    SimulatedRank& rank = ranks_[r];
    rank.prepare_asked = false;
    rank.frozen = status(r).eligible;
    uplink(r, MessageType::kPrepared);
    uplinks_[r].back().ok = rank.frozen;
  }

  void uplink(std::size_t r, MessageType type) {
    Message message;
    message.type = type;
    message.epoch = ranks_[r].epoch;
    message.status = status(r);
    uplinks_[r].push_back(std::move(message));
  }

  void take_order(std::size_t r) {
    const Message order = std::move(inboxes_[r].front());
    inboxes_[r].pop_front();
    SimulatedRank& rank = ranks_[r];
    switch (order.type) {
      case MessageType::kRequest:
        rank.epoch = order.epoch;
        rank.pending = true;
        rank.clock_target = 0;
        rank.channel_target.assign(ranks_.size(), 0);
        uplink(r, MessageType::kStatus);
        break;
      case MessageType::kAdvance:
        for (const Target& target : order.targets) {
          if (target.kind == TargetKind::kClock) rank.clock_target = target.value;
          if (target.kind == TargetKind::kChannel) {
            rank.channel_target[static_cast<std::size_t>(target.peer)] = target.value;
          }
        }
        break;
      case MessageType::kPrepare:
        rank.prepare_asked = true;
        break;
      case MessageType::kUnfreeze:
        rank.frozen = false;
        uplink(r, MessageType::kStatus);
        break;
      case MessageType::kPhase:
        EXPECT_TRUE(rank.frozen);
        if (order.phase == Phase::kVerify) verify(r);
        uplink(r, MessageType::kReport);
        uplinks_[r].back().phase = order.phase;
        break;
      case MessageType::kResume:
        rank.pending = rank.frozen = rank.prepare_asked = false;
        break;
      default:
        break;
    }
  }

  // Everybody is frozen: clocks equal, and no rank has received more than was sent before the cut.
  void verify(std::size_t r) {
    for (const SimulatedRank& other : ranks_) {
      EXPECT_TRUE(other.frozen);
      EXPECT_EQ(other.clock, ranks_[r].clock);
    }
    const Step::Kind kind = ranks_[r].at < ranks_[r].program.size() && ranks_[r].inside
                                ? ranks_[r].program[ranks_[r].at].kind
                                : Step::Kind::kCompute;
    EXPECT_TRUE(kind == Step::Kind::kCompute || kind == Step::Kind::kReceive);
    EXPECT_TRUE(kind != Step::Kind::kReceive || restartable_);
    EXPECT_TRUE(kind != Step::Kind::kReceive || !can_leave_step(r));
    if (r == 0) ++cuts_;
  }

  void collect() {
    for (Outputs outputs = coordinator_.take_outputs(); !outputs.empty();
         outputs = coordinator_.take_outputs()) {
      for (Output& output : outputs) {
        if (output.what == Output::What::kSend) {
          if (output.message.type == MessageType::kResume) wanted_ = false;
          inboxes_[static_cast<std::size_t>(output.rank)].push_back(std::move(output.message));
        } else if (output.what == Output::What::kCommit) {
          coordinator_.commit_result({}, time());
        } else if (output.what == Output::What::kSkipped) {
          ADD_FAILURE() << "given up: " << output.text;
        }
      }
    }
  }

  std::mt19937 random_;
  bool restartable_;
  std::vector<SimulatedRank> ranks_;
  Coordinator coordinator_;
  std::vector<std::deque<Message>> inboxes_, uplinks_;
  double now_ = 0;
  bool wanted_ = false;
  int cuts_ = 0;
};

class SimulationTest : public ::testing::TestWithParam<std::tuple<int, bool>> {};

TEST_P(SimulationTest, every_cut_holds_and_every_request_ends) {
  const auto [ranks, restartable] = GetParam();
  int cuts = 0;
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation simulation(ranks, seed, restartable);
    simulation.run();
    cuts += simulation.cuts();
    if (HasFailure()) return;
  }
  EXPECT_GT(cuts, 40);
}

INSTANTIATE_TEST_SUITE_P(Ranks, SimulationTest,
                         ::testing::Combine(::testing::Values(1, 2, 3, 5, 8), ::testing::Bool()));

}  // namespace
}  // namespace chkpt::cut
