// SPDX-License-Identifier: BSD-3-Clause
#include "cut/relay.hpp"

#include <algorithm>
#include <utility>

namespace chkpt::cut {
namespace {

// Time for others below to say the same. Nothing waits longer, and what completes a cut does not.
constexpr double kPause_s = 0.001;
// Somebody below does not speak: what the others say is wanted all the same, for messages.
constexpr double kPatience_s = 0.1;

bool add_freed(std::vector<Freed>* into, const std::vector<Freed>& other) {
  for (const Freed& comm : other) {
    const auto same = std::find_if(into->begin(), into->end(),
                                   [&](const Freed& known) { return known.id == comm.id; });
    if (same != into->end()) {
      same->by += comm.by;
    } else {
      into->push_back(comm);
    }
  }
  return true;
}

// A second signal to the same rank means something else than the first.
bool same_trigger(const Message& a, const Message& b) {
  return a.trigger.kind == b.trigger.kind && a.trigger.name == b.trigger.name &&
         a.trigger.stop == b.trigger.stop && a.number == b.number && !a.ranks.meets(b.ranks);
}

// False: they have to be said one after the other.
bool joined_with(Message* into, const Message& other) {
  if (into->type != other.type || into->epoch != other.epoch) return false;
  switch (other.type) {
    case MessageType::kTrigger:
      if (!same_trigger(*into, other)) return false;
      into->ranks.add(other.ranks);
      return true;
    case MessageType::kFreedComms:
      into->ranks.add(other.ranks);
      return add_freed(&into->freed, other.freed);
    case MessageType::kStatus:  // ended scripts
    case MessageType::kBecause:
      join(into, other);
      return true;
    default:
      return false;
  }
}

}  // namespace

Relay::Relay(std::vector<RankSet> ports)
    : ports_(std::move(ports)),
      statuses_(ports_.size()),
      prepared_(ports_.size()),
      reports_(ports_.size()) {
  for (const RankSet& port : ports_) ranks_ += port.size();
}

void Relay::from_above(const Message& message) {
  switch (message.type) {
    case MessageType::kRequest:
      epoch_ = message.epoch;
      [[fallthrough]];
    case MessageType::kUnfreeze:
      // Only statuses from now on count.
      statuses_.forget();
      statuses_new_ = heard_ = false;
      collecting_ = true;
      break;
    case MessageType::kPrepare:
      // Whatever else was to be said about this wave is out of date now.
      prepared_.forget();
      collecting_ = false;
      break;
    case MessageType::kPhase:
      phase_ = message.phase;
      reports_.forget();
      break;
    case MessageType::kResume:
      collecting_ = false;
      break;
    default:
      break;
  }
}

void Relay::from_below(std::size_t port, Message message) {
  if (message.ranks.empty()) message = spoken_by(ports_[port].lowest(), std::move(message));
  const bool of_this_cut = message.epoch == epoch_;
  switch (message.type) {
    case MessageType::kStatus:
      note_status(port, std::move(message));
      break;
    case MessageType::kPrepared:
      if (!of_this_cut) break;
      prepared_.add(port, std::move(message));
      if (prepared_.speakers() == ranks_) whole_.push_back(prepared_.joined());
      break;
    case MessageType::kReport:
      if (!of_this_cut || message.phase != phase_) break;
      reports_.add(port, std::move(message));
      if (reports_.speakers() == ranks_) whole_.push_back(reports_.joined());
      break;
    default:
      note(std::move(message));
  }
}

void Relay::note_status(std::size_t port, Message message) {
  if (message.epoch == epoch_ && collecting_) {
    statuses_.add(port, std::move(message));
    statuses_new_ = true;
  } else if (!message.census.done.empty()) {
    Message ended;
    ended.type = MessageType::kStatus;
    ended.ranks = message.ranks;
    ended.census.done = message.census.done;
    note(std::move(ended));
  }
}

void Relay::note(Message message) {
  // Only the last one: what was said before and after must not change places.
  if (!notes_.empty() && joined_with(&notes_.back(), message)) return;
  notes_.push_back(std::move(message));
}

bool Relay::statuses_due(double now) const {
  if (!statuses_new_) return false;
  const bool complete = statuses_.speakers() == ranks_;
  if (!complete && !statuses_.deferred() && now < heard_at_ + kPatience_s) return false;
  return now >= statuses_at_ + kPause_s || (complete && everybody_stands());
}

// Then nothing is gained by waiting for another word.
bool Relay::everybody_stands() const { return statuses_.eligible() == ranks_; }

std::vector<Message> Relay::take(double now) {
  if (statuses_new_ && !heard_) heard_at_ = now;
  heard_ = heard_ || statuses_new_;
  std::vector<Message> out;
  const bool with_statuses = statuses_due(now);
  if (!notes_.empty() && (with_statuses || !whole_.empty() || now >= notes_at_ + kPause_s)) {
    // Before the statuses: a communicator that is missing there must be known to be freed.
    out = std::exchange(notes_, {});
    notes_at_ = now;
  }
  if (with_statuses) {
    out.push_back(statuses_.joined());
    statuses_new_ = false;
    statuses_at_ = now;
  }
  for (Message& message : whole_) out.push_back(std::move(message));
  whole_.clear();
  return out;
}

std::optional<double> Relay::next_wakeup() const {
  std::optional<double> due;
  const auto at = [&due](double when) { due = due ? std::min(*due, when) : when; };
  if (!notes_.empty()) at(notes_at_ + kPause_s);
  if (statuses_new_) {
    const bool complete = statuses_.speakers() == ranks_;
    at(complete ? statuses_at_ + kPause_s
                : std::max(heard_at_ + kPatience_s, statuses_at_ + kPause_s));
  }
  return due;
}

}  // namespace chkpt::cut
