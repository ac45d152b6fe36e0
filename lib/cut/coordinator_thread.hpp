// SPDX-License-Identifier: BSD-3-Clause
// Drives the coordinator on rank 0: asleep in poll() until a message, a timer or stop(). All
// signals but the synchronous ones are blocked in it. Calls Work::commit, Work::skipped,
// Work::waiting.
#pragma once

#include <thread>
#include <vector>

#include "base/unique_fd.hpp"
#include "cut/agent.hpp"
#include "cut/coordinator.hpp"
#include "cut/ports.hpp"

namespace chkpt::cut {

class CoordinatorThread {
 public:
  CoordinatorThread(std::vector<Port> ports, const Config& config, Work* work);
  ~CoordinatorThread();  // stops and joins
  CoordinatorThread(const CoordinatorThread&) = delete;
  CoordinatorThread& operator=(const CoordinatorThread&) = delete;

 private:
  void run();
  int poll_timeout_ms() const;
  void take_messages(std::size_t port);
  void carry_out();
  void ask_for_requests();
  void ask_for_end();
  void wait_for_stop(double seconds);
  [[noreturn]] void lost(int rank);

  Ports ports_;
  Config config_;
  Work* work_;
  Coordinator coordinator_;
  UniqueFd stop_fd_;
  double next_request_poll_ = 0;
  bool quit_ = false;
  std::thread thread_;
};

}  // namespace chkpt::cut
