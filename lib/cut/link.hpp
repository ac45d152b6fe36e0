// SPDX-License-Identifier: BSD-3-Clause
// The control connection between two ranks, or within one: framed messages over a stream socket.
// Sending blocks, receiving never does: the owner waits in poll() for readability.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.hpp"
#include "cut/message.hpp"

namespace chkpt::cut {

class Link {
 public:
  Link() = default;
  explicit Link(UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }
  bool open() const { return static_cast<bool>(fd_); }
  void close() { fd_.reset(); }

  // False when the other end is gone.
  bool send(const Message& message);
  bool send_frame(const std::string& frame);
  // Appends the complete messages that have arrived; false when the other end is gone or talks
  // nonsense.
  bool receive(std::vector<Message>* messages);

 private:
  bool take_frames(std::vector<Message>* messages);

  UniqueFd fd_;
  std::string inbox_;
};

// A message as it travels, for sending it several times.
std::string frame_of(const Message& message);

// Both ends within one process.
std::pair<Link, Link> make_link_pair();

}  // namespace chkpt::cut
