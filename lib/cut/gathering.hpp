// SPDX-License-Identifier: BSD-3-Clause
// Many ranks' words as one message, and one message for many ranks taken apart. Pure functions, the
// same at rank 0 and at every rank that relays messages for others.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "cut/message.hpp"

namespace chkpt::cut {

// What one rank said, as if it were many: its status becomes a census, its report an answer.
Message spoken_by(int rank, Message message);

// Joins two statuses, answers to "prepare", reports of one phase or reasons, of different ranks.
// Of failed reports only the lowest rank's is kept. Associative and commutative.
void join(Message* into, const Message& other);

// The part of a message from the coordinator that concerns `ranks`; none: nothing.
std::optional<Message> part_for(const Message& message, const RankSet& ranks);

// One wave of answers: the latest word from each side.
class Gathering {
 public:
  explicit Gathering(std::size_t ports) : words_(ports) {}

  void forget();
  void add(std::size_t port, Message message);
  std::size_t speakers() const { return speakers_; }  // how many ranks have been heard
  Message joined() const;
  std::size_t eligible() const;  // how many of them may be frozen
  bool deferred() const;         // somebody holds an object that cannot be saved

 private:
  std::vector<std::optional<Message>> words_;
  std::size_t speakers_ = 0;
};

}  // namespace chkpt::cut
