// SPDX-License-Identifier: BSD-3-Clause
#include "cut/gathering.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace chkpt::cut {
namespace {

bool carries_census(MessageType type) {
  return type == MessageType::kStatus || type == MessageType::kPrepared;
}

auto key_of(const Answer& answer) { return std::tie(answer.ok, answer.text, answer.payload); }

// Both are sorted by what is said; each thing is said once, with all who say it.
void join_answers(std::vector<Answer>* into, const std::vector<Answer>& other) {
  std::vector<Answer> mine = std::exchange(*into, {});
  auto a = mine.begin();
  auto b = other.begin();
  while (a != mine.end() || b != other.end()) {
    if (b == other.end() || (a != mine.end() && key_of(*a) < key_of(*b))) {
      into->push_back(std::move(*a++));
    } else if (a == mine.end() || key_of(*b) < key_of(*a)) {
      into->push_back(*b++);
    } else {
      a->ranks.add(b++->ranks);
    }
  }
}

void keep_lowest_failure(std::vector<Answer>* answers) {
  const auto failures = std::partition_point(answers->begin(), answers->end(),
                                             [](const Answer& answer) { return !answer.ok; });
  const auto lowest = std::min_element(
      answers->begin(), failures,
      [](const Answer& a, const Answer& b) { return a.ranks.lowest() < b.ranks.lowest(); });
  if (lowest == failures) return;
  Answer kept = std::move(*lowest);
  kept.ranks = RankSet{kept.ranks.lowest()};
  answers->erase(answers->begin(), failures);
  answers->insert(answers->begin(), std::move(kept));
}

}  // namespace

Message spoken_by(int rank, Message message) {
  message.ranks = RankSet{rank};
  if (carries_census(message.type)) {
    message.census = census_of(rank, message.status);
    message.status = {};
  } else if (message.type == MessageType::kReport || message.type == MessageType::kBecause) {
    message.answers = {
        {message.ranks, message.ok, std::move(message.text), std::move(message.payload)}};
    message.text.clear();
    message.payload.clear();
  }
  return message;
}

void join(Message* into, const Message& other) {
  into->ranks.add(other.ranks);
  into->ok = into->ok && other.ok;
  if (carries_census(into->type)) join(&into->census, other.census);
  join_answers(&into->answers, other.answers);
  if (into->type == MessageType::kReport && !into->ok) keep_lowest_failure(&into->answers);
}

std::optional<Message> part_for(const Message& message, const RankSet& ranks) {
  Message part;
  if (message.type == MessageType::kAdvance) {
    for (const Target& target : message.targets) {
      if (!target.ranks.meets(ranks)) continue;
      part.targets.push_back(target);
      part.targets.back().ranks = target.ranks.within(ranks);
    }
    if (part.targets.empty()) return std::nullopt;
    part.type = message.type;
    part.epoch = message.epoch;
    return part;
  }
  if (message.ranks.empty()) return message;
  if (!message.ranks.meets(ranks)) return std::nullopt;
  part = message;
  part.ranks = message.ranks.within(ranks);
  return part;
}

void Gathering::forget() {
  for (auto& word : words_) word.reset();
  speakers_ = 0;
}

void Gathering::add(std::size_t port, Message message) {
  if (words_[port]) speakers_ -= words_[port]->ranks.size();
  speakers_ += message.ranks.size();
  words_[port] = std::move(message);
}

Message Gathering::joined() const {
  std::optional<Message> all;
  for (const auto& word : words_) {
    if (!word) continue;
    if (all) {
      join(&*all, *word);
    } else {
      all = *word;
    }
  }
  return all ? std::move(*all) : Message{};
}

std::size_t Gathering::eligible() const {
  std::size_t n = 0;
  for (const auto& word : words_) n += word ? word->census.eligible.size() : 0;
  return n;
}

bool Gathering::deferred() const {
  return std::any_of(words_.begin(), words_.end(), [](const std::optional<Message>& word) {
    return word && word->census.deferring_rank >= 0;
  });
}

}  // namespace chkpt::cut
