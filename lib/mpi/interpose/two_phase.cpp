// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/two_phase.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <sstream>

#include "mpi/interpose/waiting.hpp"

namespace chkpt::mpi::two_phase {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kSpan = std::uint64_t{1} << 20;
// A first phase costs less than half a microsecond: not worth it where waits are shorter than this.
constexpr std::uint64_t kShortWait_ns = 100000;

// Until all members have arrived, or, while a cut is pending, until this rank has to run on.
// Returns whether all have arrived.
bool wait_standing(const char* call, Entering entering, MPI_Request* all_arrived) {
  BlockedScope scope(call, true, entering == Entering::kBlocksWithOneNumber);
  for (int flag = 0;;) {
    if (!gate::pending()) scope.leave();
    if (PMPI_Test(all_arrived, &flag, MPI_STATUS_IGNORE) != MPI_SUCCESS || flag != 0) return true;
    if (gate::pending() && !scope.wait({})) return false;
  }
}

// The same with the call counted; drains meanwhile.
void wait_counted(const char* call, MPI_Request* all_arrived) {
  BlockedScope scope(call, false);
  for (int flag = 0;;) {
    if (!gate::pending()) scope.leave();
    if (PMPI_Test(all_arrived, &flag, MPI_STATUS_IGNORE) != MPI_SUCCESS || flag != 0) return;
    if (gate::pending()) scope.wait({});
  }
}

bool wants(const CommInfo& comm) {
  const Arrivals& seen = comm.arrivals;
  if (seen.held_up_cut) return true;
  if (!applies(comm)) return false;
  return seen.count == 0 || seen.waited_ns / seen.count >= kShortWait_ns;
}

}  // namespace

bool arrive(const char* call, Entering entering, CommInfo& comm) {
  const Depth depth;
  const auto began = Clock::now();
  MPI_Request all_arrived = MPI_REQUEST_NULL;
  if (PMPI_Ibarrier(comm.handle, &all_arrived) != MPI_SUCCESS) return false;
  bool counted = false;
  if (!wait_standing(call, entering, &all_arrived)) {
    counted = true;
    comm.tick();
    clock_advanced();
    wait_counted(call, &all_arrived);
  }
  const auto waited = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began);
  ++comm.arrivals.count;
  comm.arrivals.waited_ns += static_cast<std::uint64_t>(waited.count());
  return counted;
}

std::string votes() {
  std::string ids;
  registry().for_each([&ids](const CommInfo& comm) {
    if (comm.size() > 1 && wants(comm)) ids += comm.id + "\n";
  });
  return ids;
}

void agree(const std::string& listed) {
  std::set<CommId> ids;
  std::istringstream lines(listed);
  for (CommId id; std::getline(lines, id);) ids.insert(id);
  registry().for_each([&ids](CommInfo& comm) {
    const std::uint64_t now = comm.clock;
    const bool on = ids.count(comm.id) != 0;
    const std::uint64_t until = comm.arrivals.two_phase_until;
    comm.arrivals = {};
    comm.arrivals.two_phase_until = on ? now + kSpan : std::min(until, now + 1);
  });
}

}  // namespace chkpt::mpi::two_phase
