// SPDX-License-Identifier: BSD-3-Clause
// Drives the relay of a rank that has others below it in the tree: asleep in poll() until a
// message, a timer or stop. All signals but the synchronous ones are blocked in it. No MPI, no
// Python. A lost neighbour is told to the other side; ending the process is left to the agent and
// to the coordinator.
#pragma once

#include <thread>
#include <vector>

#include "base/unique_fd.hpp"
#include "cut/connect.hpp"
#include "cut/relay.hpp"

namespace chkpt::cut {

class RelayThread {
 public:
  explicit RelayThread(Connections connections);
  ~RelayThread();  // stops and joins
  RelayThread(const RelayThread&) = delete;
  RelayThread& operator=(const RelayThread&) = delete;

 private:
  void run();
  int poll_timeout_ms() const;
  void take_orders();
  void take_words(std::size_t port);

  const int parent_;
  Link up_;
  Ports ports_;
  Relay relay_;
  UniqueFd stop_fd_;
  bool leaving_ = false;  // the ranks go away on purpose: lost links mean nothing
  std::thread thread_;
};

}  // namespace chkpt::cut
