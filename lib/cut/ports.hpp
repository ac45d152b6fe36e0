// SPDX-License-Identifier: BSD-3-Clause
// The links of a rank to those below it in the tree, and to itself.
#pragma once

#include <cstddef>
#include <vector>

#include <poll.h>

#include "cut/link.hpp"
#include "cut/message.hpp"
#include "cut/rank_set.hpp"

namespace chkpt::cut {

struct Port {
  int rank = 0;   // at the other end
  RankSet below;  // the ranks that speak through it
  Link link;
};

class Ports {
 public:
  // This process itself comes last: it may end of what it is told, and the others have to hear it.
  explicit Ports(std::vector<Port> ports) : ports_(std::move(ports)) {}

  std::size_t size() const { return ports_.size(); }
  int rank(std::size_t port) const { return ports_[port].rank; }
  std::vector<RankSet> ranks() const;

  // Appends one entry per port; poll() ignores those whose link is broken.
  void watch(std::vector<pollfd>* entries) const;
  // To each its part. A broken link shows up in poll(); there it is dealt with.
  void send(const Message& message);
  // False, once, when the other end is gone.
  bool receive(std::size_t port, std::vector<Message>* messages);

 private:
  std::vector<Port> ports_;
};

}  // namespace chkpt::cut
