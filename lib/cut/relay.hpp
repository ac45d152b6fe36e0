// SPDX-License-Identifier: BSD-3-Clause
// What a rank with others below it in the tree does for them, as a state machine: words from below
// go in, fewer words for above come out. A wave (statuses, answers to "prepare", reports) goes up
// in one piece once everybody below has spoken; what is said at any time (triggers, freed
// communicators, ended scripts, reasons) is joined with its like if it comes quickly.
// The coordinator decides the same as if it had heard every rank itself. No I/O, no threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cut/gathering.hpp"
#include "cut/message.hpp"

namespace chkpt::cut {

class Relay {
 public:
  // `ports`: the ranks that speak through each.
  explicit Relay(std::vector<RankSet> ports);

  // `now`: any monotonic clock in seconds.
  void from_below(std::size_t port, Message message);
  void from_above(const Message& message);

  // What is to be sent up at this time, in this order.
  std::vector<Message> take(double now);
  // When take() will have something even if nothing comes; empty: not before.
  std::optional<double> next_wakeup() const;

 private:
  void note_status(std::size_t port, Message message);
  void note(Message message);
  bool statuses_due(double now) const;
  bool everybody_stands() const;

  const std::vector<RankSet> ports_;
  std::size_t ranks_ = 0;
  std::uint64_t epoch_ = 0;
  Phase phase_ = Phase::kVerify;
  bool collecting_ = false;  // statuses are wanted
  bool statuses_new_ = false;
  double statuses_at_ = -1e9;  // last sent
  double notes_at_ = -1e9;
  bool heard_ = false;  // somebody has spoken since statuses were asked for, first at heard_at_
  double heard_at_ = 0;
  Gathering statuses_, prepared_, reports_;
  std::vector<Message> whole_;  // waves that are complete
  std::vector<Message> notes_;
};

}  // namespace chkpt::cut
