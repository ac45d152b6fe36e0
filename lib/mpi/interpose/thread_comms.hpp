// SPDX-License-Identifier: BSD-3-Clause
// The communicators of other threads than the main one, as thread_calls.cpp and thread_making.cpp
// see them.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include <mpi.h>

#include "mpi/interpose/registry.hpp"

namespace chkpt::mpi::thread_calls {

struct Made {
  CommId id;
  std::vector<int> everybody;  // world ranks
  std::uint64_t created = 0;   // as CommInfo::created
  bool counts = true;          // as Use::counts
};

struct Use {
  bool counts = true;  // false: defers snapshots
  bool entered = false;
  // What had been sent and received when the counts were last entered.
  std::uint64_t messages = 0;
};

struct State {
  std::mutex mutex;
  std::map<MPI_Comm, Made> made;  // not in the registry yet
  std::map<MPI_Comm, Use> used;   // those of the registry
  std::vector<MPI_Comm> freed;    // of the registry, which still has them
};
State& state();
using Lock = std::lock_guard<std::mutex>;
// The last call of such a thread, for messages.
void note_call(const char* call);
// Under the lock: what is in it has changed.
void changed();

}  // namespace chkpt::mpi::thread_calls
