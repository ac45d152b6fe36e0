// SPDX-License-Identifier: BSD-3-Clause
#include "cut/message.hpp"

#include <cstring>
#include <type_traits>

namespace chkpt::cut {
namespace {

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

// The order of fields, once for both directions. `T` is const when writing.
template <class Archive, class T>
void fields(Archive& archive, T& item) {
  using Item = std::remove_const_t<T>;
  if constexpr (std::is_same_v<Item, ChannelNeed>) {
    archive.field(item.comm);
    archive.field(item.source);
    archive.field(item.have);
  } else if constexpr (std::is_same_v<Item, ClockValue>) {
    archive.field(item.id);
    archive.field(item.value);
    archive.field(item.members);
  } else if constexpr (std::is_same_v<Item, Target>) {
    archive.field(item.kind);
    archive.field(item.comm);
    archive.field(item.peer);
    archive.field(item.value);
  } else if constexpr (std::is_same_v<Item, std::pair<std::string, int>>) {
    archive.field(item.first);
    archive.field(item.second);
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
void message_fields(Archive& archive, T& message) {
  archive.field(message.type);
  archive.field(message.epoch);
  archive.field(message.number);
  archive.field(message.ok);
  archive.field(message.seconds);
  archive.field(message.unix_ns);
  archive.field(message.phase);
  archive.field(message.trigger.kind);
  archive.field(message.trigger.name);
  archive.field(message.trigger.stop);
  archive.field(message.text);
  archive.field(message.payload);
  archive.field(message.verified);
  status_fields(archive, message.status);
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
