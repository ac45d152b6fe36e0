// SPDX-License-Identifier: BSD-3-Clause
#include "unit/cut/simulated_job.hpp"

#include <ctime>
#include <utility>

namespace chkpt::cut {
namespace {

// Adds the CPU time that passes while it lives to a figure.
class Stopwatch {
 public:
  explicit Stopwatch(double* into) : into_(into) {}
  ~Stopwatch() { *into_ += cpu_s() - start_; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  static double cpu_s() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }

  double* into_;
  double start_ = cpu_s();
};

std::uint64_t at(const std::unordered_map<int, std::uint64_t>& counts, int key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

SimulatedJob::SimulatedJob(const JobOptions& options)
    : options_(options), random_(options.seed), ranks_(static_cast<std::size_t>(options.ranks)) {
  build_tree();
  Config config;
  config.write_behind = options_.write_behind;
  coordinator_ = std::make_unique<Coordinator>(hubs_[0]->below, config, time());
  for (int i = 0; i < options.steps_per_rank * options.ranks; ++i) add_random_step();
  for (const SimulatedRank& rank : ranks_) ended_ += rank.program.empty() ? 1 : 0;
}

void SimulatedJob::build_tree() {
  std::vector<std::string> nodes;
  nodes.reserve(static_cast<std::size_t>(options_.ranks));
  for (int r = 0; r < options_.ranks; ++r) {
    nodes.push_back("node" + std::to_string(r / options_.ranks_per_node));
  }
  tree_ = make_tree(nodes, options_.fan_out);
  hubs_.resize(ranks_.size());
  up_.resize(ranks_.size());
  loads_.resize(ranks_.size());
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    const TreeNode& node = tree_[r];
    loads_[r].connections = node.children.size() + (r == 0 ? 0 : 1);
    if (node.children.empty() && r != 0) continue;
    hubs_[r] = std::make_unique<Hub>();
    Hub& hub = *hubs_[r];
    hub.ranks = node.children;
    hub.ranks.push_back(static_cast<int>(r));
    for (const int child : node.children) {
      hub.below.push_back(tree_[static_cast<std::size_t>(child)].below);
    }
    hub.below.push_back({static_cast<int>(r)});
    hub.from_below.resize(hub.ranks.size());
    if (r != 0) hub.relay = std::make_unique<Relay>(hub.below);
  }
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    if (!hubs_[r]) continue;
    for (std::size_t port = 0; port + 1 < hubs_[r]->ranks.size(); ++port) {
      up_[static_cast<std::size_t>(hubs_[r]->ranks[port])] = {static_cast<int>(r), port};
    }
  }
}

bool SimulatedJob::run(int cuts) {
  const std::uint64_t most_turns = 4000000 + 20000ULL * ranks_.size();
  for (std::uint64_t turn = 0; !all_ended() && cuts_ < cuts; ++turn) {
    if (turn == most_turns) return false;
    if (turn % (97 * ranks_.size()) == 0 && !wanted_) {
      wanted_ = true;
      coordinator_->trigger({TriggerKind::kRequest, "", false}, time());
      collect();
    }
    take_one_turn();
  }
  return true;
}

void SimulatedJob::expect(bool ok, const char* what) {
  if (!ok) errors_.emplace_back(what);
}

void SimulatedJob::add_random_step() {
  const std::size_t r = pick(ranks_.size());
  switch (pick(4)) {
    case 0:
      ranks_[r].program.push_back({Step::Kind::kCompute, 0});
      break;
    case 1:
      // As many barriers per rank, however large the job.
      if (pick(2 * ranks_.size()) == 0) {
        for (SimulatedRank& rank : ranks_) rank.program.push_back({Step::Kind::kBarrier, 0});
        entered_.push_back(0);
      }
      break;
    default: {
      const std::size_t to = pick(ranks_.size());
      if (to == r) break;
      ranks_[r].program.push_back({Step::Kind::kSend, static_cast<int>(to)});
      ranks_[to].program.push_back({Step::Kind::kReceive, static_cast<int>(r)});
    }
  }
}

bool SimulatedJob::targets_met(const SimulatedRank& rank) const {
  if (rank.clock < rank.clock_target) return false;
  for (const auto& [to, value] : rank.channel_target) {
    if (at(rank.sent, to) < value) return false;
  }
  return true;
}

bool SimulatedJob::can_leave_step(std::size_t r) const {
  const SimulatedRank& rank = ranks_[r];
  const Step& step = rank.program[rank.at];
  if (step.kind == Step::Kind::kReceive) {
    const SimulatedRank& sender = ranks_[static_cast<std::size_t>(step.peer)];
    return at(sender.sent, static_cast<int>(r)) > at(rank.received, step.peer);
  }
  return step.kind != Step::Kind::kBarrier || entered_[rank.clock - 1] == ranks_.size();
}

bool SimulatedJob::stands(const SimulatedRank& rank) const {
  if (rank.at == rank.program.size()) return true;
  if (!rank.inside) return rank.pending && targets_met(rank);
  return options_.restartable && rank.program[rank.at].kind == Step::Kind::kReceive &&
         targets_met(rank);
}

Status SimulatedJob::status(std::size_t r) const {
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
  if (receiving) made.needs = {{"w", step.peer, at(rank.received, step.peer)}};
  if (rank.inside && step.kind == Step::Kind::kBarrier) made.call = "MPI_Barrier";
  made.sent = rank.all_sent;
  // What has been drained counts as received: here everything that has been sent to a rank that
  // stands still.
  made.received = made.state == RankState::kRunning ? rank.all_received : rank.all_sent_to_it;
  return made;
}

void SimulatedJob::take_one_turn() {
  now_ += 1e-4 / static_cast<double>(ranks_.size());
  const std::size_t r = pick(ranks_.size());
  switch (pick(3)) {
    case 0:
      step_rank(r);
      break;
    case 1:
      if (!ranks_[r].inbox.empty()) take_order(r);
      break;
    default:
      if (hubs_[r]) hub_turn(r);
  }
}

// One message from each side, if there is any; a process takes what has arrived.
void SimulatedJob::hub_turn(std::size_t r) {
  Hub& hub = *hubs_[r];
  Load& load = loads_[r];
  if (!hub.from_above.empty()) {
    const Stopwatch watch(&load.cpu_s);
    Message message;
    expect(decode(hub.from_above.front(), &message), "decode");
    hub.from_above.pop_front();
    hub.relay->from_above(message);
    send_down(hub, message);
  }
  const std::size_t first = pick(hub.ranks.size());
  for (std::size_t i = 0; i < hub.ranks.size() && hub.waiting > 0; ++i) {
    const std::size_t port = (first + i) % hub.ranks.size();
    auto& queue = hub.from_below[port];
    if (queue.empty()) continue;
    const Stopwatch watch(&load.cpu_s);
    Message message;
    expect(decode(queue.front(), &message), "decode");
    queue.pop_front();
    --hub.waiting;
    if (hub.relay) {
      hub.relay->from_below(port, std::move(message));
    } else {
      coordinator_->receive(port, std::move(message), time());
    }
  }
  if (!hub.relay) {
    const Stopwatch watch(&load.cpu_s);
    collect();
    return;
  }
  std::vector<Message> out;
  {
    const Stopwatch watch(&load.cpu_s);
    out = hub.relay->take(now_);
  }
  for (const Message& message : out) {
    const auto [above, port] = up_[r];
    const std::string bytes = encode(message);
    Hub& to = *hubs_[static_cast<std::size_t>(above)];
    to.from_below[port].push_back(bytes);
    ++to.waiting;
    for (Load* each : {&load, &loads_[static_cast<std::size_t>(above)]}) {
      ++each->messages;
      each->bytes += bytes.size();
    }
  }
}

void SimulatedJob::send_up(int from, const Message& message) {
  const auto r = static_cast<std::size_t>(from);
  std::string bytes = encode(message);
  std::size_t to = r;
  std::size_t port = 0;
  if (hubs_[r]) {
    port = hubs_[r]->ranks.size() - 1;
  } else {
    to = static_cast<std::size_t>(up_[r].first);
    port = up_[r].second;
    for (Load* each : {&loads_[r], &loads_[to]}) {
      ++each->messages;
      each->bytes += bytes.size();
    }
  }
  hubs_[to]->from_below[port].push_back(std::move(bytes));
  ++hubs_[to]->waiting;
}

void SimulatedJob::send_down(Hub& hub, const Message& message) {
  const int self = hub.ranks.back();
  const bool same = message.type != MessageType::kAdvance && message.ranks.empty();
  const std::string all = same ? encode(message) : "";
  for (std::size_t port = 0; port < hub.ranks.size(); ++port) {
    const auto part = same ? std::nullopt : part_for(message, hub.below[port]);
    if (!same && !part) continue;
    std::string bytes = same ? all : encode(*part);
    const auto to = static_cast<std::size_t>(hub.ranks[port]);
    const bool itself = hub.ranks[port] == self;
    if (!itself) {
      for (Load* each : {&loads_[static_cast<std::size_t>(self)], &loads_[to]}) {
        ++each->messages;
        each->bytes += bytes.size();
      }
    }
    if (!itself && hubs_[to]) {
      hubs_[to]->from_above.push_back(std::move(bytes));
    } else {
      ranks_[to].inbox.push_back(std::move(bytes));
    }
  }
}

void SimulatedJob::step_rank(std::size_t r) {
  SimulatedRank& rank = ranks_[r];
  if (!rank.frozen && rank.at < rank.program.size()) move(r);
  if (rank.prepare_asked && !rank.frozen) answer_prepare(r);
  if (rank.pending && !rank.frozen) uplink(r, MessageType::kStatus);
}

void SimulatedJob::move(std::size_t r) {
  SimulatedRank& rank = ranks_[r];
  const Step& step = rank.program[rank.at];
  if (!rank.inside) {
    if (rank.pending && targets_met(rank)) return;  // parked
    rank.inside = true;
    if (step.kind == Step::Kind::kBarrier) ++entered_[rank.clock++];
    if (step.kind == Step::Kind::kSend) {
      ++rank.sent[step.peer];
      ++rank.all_sent;
      ++ranks_[static_cast<std::size_t>(step.peer)].all_sent_to_it;
    }
  } else if (can_leave_step(r)) {
    if (step.kind == Step::Kind::kReceive) {
      ++rank.received[step.peer];
      ++rank.all_received;
    }
    rank.inside = false;
    if (++rank.at == rank.program.size()) ++ended_;
  }
}

void SimulatedJob::answer_prepare(std::size_t r) {
  SimulatedRank& rank = ranks_[r];
  rank.prepare_asked = false;
  rank.frozen = status(r).eligible;
  uplink(r, MessageType::kPrepared, rank.frozen);
}

void SimulatedJob::uplink(std::size_t r, MessageType type, bool ok, Phase phase) {
  Message message;
  message.type = type;
  message.epoch = ranks_[r].epoch;
  message.ok = ok;
  message.phase = phase;
  if (type == MessageType::kReport) {
    message.payload = phase == Phase::kWrite ? "file of rank " + std::to_string(r) : "";
  } else {
    message.status = status(r);
  }
  if (type == MessageType::kStatus) {
    std::string bytes = encode(message);
    if (bytes == ranks_[r].last_status) return;
    ranks_[r].last_status = std::move(bytes);
  }
  send_up(static_cast<int>(r), message);
}

void SimulatedJob::take_order(std::size_t r) {
  SimulatedRank& rank = ranks_[r];
  Message order;
  expect(decode(rank.inbox.front(), &order), "decode");
  rank.inbox.pop_front();
  switch (order.type) {
    case MessageType::kRequest:
      rank.epoch = order.epoch;
      rank.pending = true;
      rank.clock_target = 0;
      rank.channel_target.clear();
      rank.last_status.clear();
      uplink(r, MessageType::kStatus);
      break;
    case MessageType::kAdvance:
      for (const Target& target : order.targets) {
        expect(target.ranks == RankSet{static_cast<int>(r)}, "a target of another rank");
        if (target.kind == TargetKind::kClock) rank.clock_target = target.value;
        if (target.kind == TargetKind::kChannel) rank.channel_target[target.peer] = target.value;
      }
      break;
    case MessageType::kPrepare:
      rank.prepare_asked = true;
      break;
    case MessageType::kUnfreeze:
      rank.frozen = false;
      rank.last_status.clear();
      uplink(r, MessageType::kStatus);
      break;
    case MessageType::kPhase:
      expect(rank.frozen, "a phase for a rank that moves");
      uplink(r, MessageType::kReport, true, order.phase);
      break;
    case MessageType::kResume:
      rank.pending = rank.frozen = rank.prepare_asked = false;
      break;
    default:
      break;
  }
}

// Everybody is frozen: clocks equal, and no rank has received more than was sent before the cut.
void SimulatedJob::verify() {
  ++cuts_;
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    const SimulatedRank& rank = ranks_[r];
    expect(rank.frozen, "not frozen");
    expect(rank.clock == ranks_[0].clock, "clocks differ");
    const bool inside = rank.at < rank.program.size() && rank.inside;
    if (!inside) continue;
    expect(rank.program[rank.at].kind == Step::Kind::kReceive, "stands inside a call");
    expect(options_.restartable, "stands inside a receive");
    expect(!can_leave_step(r), "a receive that has its message");
  }
}

void SimulatedJob::collect() {
  for (Outputs outputs = coordinator_->take_outputs(); !outputs.empty();
       outputs = coordinator_->take_outputs()) {
    for (Output& output : outputs) {
      if (output.what == Output::What::kSend) {
        const Message& message = output.message;
        if (message.type == MessageType::kResume) wanted_ = false;
        if (message.type == MessageType::kPhase && message.phase == Phase::kVerify) verify();
        send_down(*hubs_[0], message);
      } else if (output.what == Output::What::kCommit) {
        for (std::size_t r = 0; r < ranks_.size(); ++r) {
          expect(output.reports[r].payload == "file of rank " + std::to_string(r), "reports");
        }
        coordinator_->commit_result({}, time());
      } else if (output.what == Output::What::kSkipped) {
        errors_.push_back("given up: " + output.text);
      }
    }
  }
}

}  // namespace chkpt::cut
