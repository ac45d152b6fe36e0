// SPDX-License-Identifier: BSD-3-Clause
// The control connection between a rank and the coordinator: framed messages over a stream socket.
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
  // Appends the complete messages that have arrived; false when the other end is gone or talks
  // nonsense.
  bool receive(std::vector<Message>* messages);

 private:
  bool take_frames(std::vector<Message>* messages);

  UniqueFd fd_;
  std::string inbox_;
};

// Both ends within one process.
std::pair<Link, Link> make_link_pair();

// Collective: connects every rank to rank 0 by TCP. Rank 0 gets one link per rank (its own
// included) in `all`; every rank gets its link as the result. A secret spread over MPI keeps
// strangers out. The listener is bound to the loopback interface when all ranks are on one host.
Link connect_ranks(std::vector<Link>* all);

}  // namespace chkpt::cut
