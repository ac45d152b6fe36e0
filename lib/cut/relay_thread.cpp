// SPDX-License-Identifier: BSD-3-Clause
#include "cut/relay_thread.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <utility>

#include "base/blocked_signals.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/wait_for.hpp"

namespace chkpt::cut {
namespace {

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Message lost(int rank) {
  Message message;
  message.type = MessageType::kLost;
  message.number = static_cast<std::uint64_t>(rank);
  return message;
}

bool ends_the_job(const Message& message) {
  return message.type == MessageType::kExit || message.type == MessageType::kEnd ||
         (message.type == MessageType::kPhase && message.phase == Phase::kLeave);
}

}  // namespace

RelayThread::RelayThread(Connections connections)
    : parent_(connections.parent),
      up_(std::move(connections.up)),
      ports_(std::move(connections.ports)),
      relay_(ports_.ranks()),
      stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!stop_fd_) throw IoError("cannot make an event descriptor", errno);
  const BlockedSignals blocked;
  thread_ = std::thread([this] { run(); });
}

RelayThread::~RelayThread() {
  const std::uint64_t one = 1;
  if (::write(stop_fd_.get(), &one, sizeof one) != sizeof one) log::error("cannot stop a thread");
  thread_.join();
}

void RelayThread::run() {
  std::vector<pollfd> entries;
  for (;;) {
    entries.clear();
    ports_.watch(&entries);
    entries.push_back({up_.fd(), POLLIN, 0});
    entries.push_back({stop_fd_.get(), POLLIN, 0});
    const int n = wait_for_any(entries.data(), entries.size(), poll_timeout_ms());
    if (n > 0 && (entries.back().revents & POLLIN) != 0) return;
    if (n > 0 && entries[ports_.size()].revents != 0) take_orders();
    for (std::size_t port = 0; n > 0 && port < ports_.size(); ++port) {
      if (entries[port].revents != 0) take_words(port);
    }
    for (const Message& message : relay_.take(now_s())) {
      if (up_.open()) up_.send(message);
    }
  }
}

int RelayThread::poll_timeout_ms() const {
  const std::optional<double> due = relay_.next_wakeup();
  if (!due) return -1;
  return static_cast<int>(std::clamp(std::ceil((*due - now_s()) * 1e3), 0.0, 1e9));
}

void RelayThread::take_orders() {
  std::vector<Message> messages;
  const bool alive = up_.receive(&messages);
  for (const Message& message : messages) {
    leaving_ = leaving_ || ends_the_job(message);
    relay_.from_above(message);
    ports_.send(message);
  }
  if (alive) return;
  up_.close();
  if (!leaving_) ports_.send(lost(parent_));
}

void RelayThread::take_words(std::size_t port) {
  std::vector<Message> messages;
  const bool alive = ports_.receive(port, &messages);
  for (Message& message : messages) relay_.from_below(port, std::move(message));
  if (!alive && !leaving_) relay_.from_below(port, lost(ports_.rank(port)));
}

}  // namespace chkpt::cut
