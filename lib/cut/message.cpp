// SPDX-License-Identifier: BSD-3-Clause
#include "cut/message.hpp"

#include <cstring>
#include <map>
#include <type_traits>

namespace chkpt::cut {
namespace {

// The order of fields, once for both directions. `T` is const when writing.
template <class Archive, class T>
void fields(Archive& archive, T& item);

class Writer {
 public:
  template <class T>
  std::enable_if_t<std::is_arithmetic_v<T> || std::is_enum_v<T>> field(const T& value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    bytes_.append(raw, sizeof raw);
  }
  void field(const std::string& text) {
    field(static_cast<std::uint32_t>(text.size()));
    bytes_ += text;
  }
  template <class T>
  void field(const std::vector<T>& list) {
    field(static_cast<std::uint32_t>(list.size()));
    for (const T& item : list) fields(*this, item);
  }
  template <class K, class V>
  void field(const std::map<K, V>& table) {
    field(static_cast<std::uint32_t>(table.size()));
    for (const auto& [key, value] : table) {
      field(key);
      fields(*this, value);
    }
  }
  void field(const RankSet& ranks) { field(ranks.runs()); }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(const std::string& bytes) : bytes_(bytes) {}

  template <class T>
  std::enable_if_t<std::is_arithmetic_v<T> || std::is_enum_v<T>> field(T& value) {
    if (!has(sizeof value)) return;
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
  }
  void field(bool& value) {
    std::uint8_t raw = 0;
    field(raw);
    value = raw != 0;
  }
  void field(std::string& text) {
    std::uint32_t size = 0;
    field(size);
    if (!has(size)) return;
    text.assign(bytes_, at_, size);
    at_ += size;
  }
  template <class T>
  void field(std::vector<T>& list) {
    std::uint32_t size = 0;
    field(size);
    // Every item takes at least a byte, so a false size cannot ask for much memory.
    if (!has(size)) return;
    list.resize(size);
    for (T& item : list) fields(*this, item);
  }
  template <class K, class V>
  void field(std::map<K, V>& table) {
    std::uint32_t size = 0;
    field(size);
    for (std::uint32_t i = 0; i < size && ok_; ++i) {
      K key{};
      field(key);
      fields(*this, table[key]);
    }
  }
  void field(RankSet& ranks) {
    std::vector<RankSet::Run> runs;
    field(runs);
    ok_ = ok_ && RankSet::from_runs(std::move(runs), &ranks);
  }
  bool complete() const { return ok_ && at_ == bytes_.size(); }

 private:
  bool has(std::size_t n) {
    if (bytes_.size() - at_ < n) ok_ = false;
    return ok_;
  }

  const std::string& bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

template <class Archive, class T>
void fields(Archive& archive, T& item) {
  using Item = std::remove_const_t<T>;
  if constexpr (std::is_same_v<Item, ChannelNeed>) {
    archive.field(item.comm);
    archive.field(item.source);
    archive.field(item.have);
    archive.field(item.awaited);
    archive.field(item.tag);
  } else if constexpr (std::is_same_v<Item, ClockValue>) {
    archive.field(item.id);
    archive.field(item.value);
    archive.field(item.members);
  } else if constexpr (std::is_same_v<Item, Target>) {
    archive.field(item.kind);
    archive.field(item.comm);
    archive.field(item.peer);
    archive.field(item.value);
    archive.field(item.ranks);
    archive.field(item.tag);
  } else if constexpr (std::is_same_v<Item, Freed>) {
    archive.field(item.id);
    archive.field(item.members);
    archive.field(item.by);
  } else if constexpr (std::is_same_v<Item, RankSet::Run>) {
    archive.field(item.first);
    archive.field(item.end);
  } else if constexpr (std::is_same_v<Item, Answer>) {
    archive.field(item.ranks);
    archive.field(item.ok);
    archive.field(item.text);
    archive.field(item.payload);
  } else if constexpr (std::is_same_v<Item, ClockCensus>) {
    archive.field(item.at);
    archive.field(item.members);
  } else if constexpr (std::is_same_v<Item, std::pair<int, ChannelNeed>>) {
    archive.field(item.first);
    fields(archive, item.second);
  } else {
    archive.field(item);
  }
}

template <class Archive, class T>
void status_fields(Archive& archive, T& status) {
  archive.field(status.state);
  archive.field(status.eligible);
  archive.field(status.needs);
  archive.field(status.clocks);
  archive.field(status.sent);
  archive.field(status.received);
  archive.field(status.api_calls);
  archive.field(status.api_satisfied);
  archive.field(status.deferral);
  archive.field(status.call);
}

template <class Archive, class T>
void census_fields(Archive& archive, T& census) {
  archive.field(census.ranks);
  archive.field(census.eligible);
  archive.field(census.done);
  archive.field(census.clocks);
  archive.field(census.api_calls);
  archive.field(census.api_satisfied);
  archive.field(census.in_flight);
  archive.field(census.may_send);
  archive.field(census.needs);
  archive.field(census.deferring_rank);
  archive.field(census.deferral);
}

template <class Archive, class T>
void message_fields(Archive& archive, T& message) {
  archive.field(message.type);
  archive.field(message.ranks);
  archive.field(message.epoch);
  archive.field(message.number);
  archive.field(message.ok);
  archive.field(message.seconds);
  archive.field(message.unix_ns);
  archive.field(message.phase);
  archive.field(message.trigger.kind);
  archive.field(message.trigger.name);
  archive.field(message.trigger.stop);
  archive.field(message.trigger.wait);
  archive.field(message.text);
  archive.field(message.payload);
  archive.field(message.behind);
  status_fields(archive, message.status);
  census_fields(archive, message.census);
  archive.field(message.answers);
  archive.field(message.targets);
  archive.field(message.freed);
}

}  // namespace

std::string encode(const Message& message) {
  Writer writer;
  message_fields(writer, message);
  return writer.take();
}

bool decode(const std::string& bytes, Message* message) {
  Reader reader(bytes);
  *message = Message{};
  message_fields(reader, *message);
  return reader.complete() && message->type <= MessageType::kEnd &&
         message->phase <= Phase::kLeave && message->status.state <= RankState::kDone;
}

}  // namespace chkpt::cut
