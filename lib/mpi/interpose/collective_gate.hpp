// SPDX-License-Identifier: BSD-3-Clause
// Before a blocking collective call. While a cut is pending a rank that is about to enter one waits
// here instead, where nothing of the call has happened yet: it stands just before its CALL, and a
// resume makes the call as if for the first time (with MPI_IN_PLACE too: no buffer was touched).
//
// It goes in as soon as somebody needs it to: when a clock target says that another member is
// inside or past this collective, when it has to send a message or reach a snapshot() that lies
// behind, or when its CALL cannot be made again (a second stage of a pickled call, a call through
// map() or from another library). Going in advances its clock, and that brings the other members
// along. So no rank waits at a gate for a rank that waits for it: whoever waits inside a collective
// has made its clock the latest, and every member behind is told to advance.
//
// Nothing can be half done: a cut stands only where the clocks of all members agree, so either
// everybody has entered the k-th collective and come out again, or nobody has entered it. That
// includes calls that a member may leave early (the root of a broadcast, a leaf of a reduction).
//
// A rank that was inside the library when the request came stays there until the others have
// entered; see two_phase.hpp for communicators where that takes long.
#pragma once

#include <mpi.h>

#include "mpi/interpose/gate.hpp"

namespace chkpt::mpi {

enum class Entering {
  kBlocks,
  kBlocksWithOneNumber,  // see BlockedCall::one_number
  kStarts,               // a nonblocking call: never waits
};

// How a broadcast of `count` elements enters: mpi4py's bcast() sends the size of the pickle first.
inline Entering broadcasting(int count, MPI_Datatype type) {
  const bool number = count == 1 && (type == MPI_INT || type == MPI_COUNT);
  return number ? Entering::kBlocksWithOneNumber : Entering::kBlocks;
}

inline void wait_before_collective(const char* call, Entering entering) {
  if (!gate::pending() || entering == Entering::kStarts) return;
  GateKeeper* keeper = gate::keeper();
  if (keeper == nullptr) return;
  const Depth depth;
  keeper->before_collective({call, true, entering == Entering::kBlocksWithOneNumber, nullptr});
}

}  // namespace chkpt::mpi
