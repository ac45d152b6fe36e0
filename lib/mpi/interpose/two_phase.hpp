// SPDX-License-Identifier: BSD-3-Clause
// Collective calls in which ranks wait for each other for long, so that a request for a cut usually
// finds some of them inside the library, where no checkpoint can stand. On a communicator where
// that has held up a cut, blocking collectives get a first phase: a nonblocking barrier with a test
// loop, in which a rank waits as it does at the gate (collective_gate.hpp): restartable, nothing of
// the call has happened. The call itself follows when all members have arrived, and is short.
//
// All members have to agree on the form of each call. It is a function of the clock that only ever
// changes at a cut, where all members stand with equal clocks and learn the same list: from number
// clock + 1 on for the next kSpan calls, or no more after number clock + 1. (A rank that stands in
// the first phase has begun number clock + 1 already; so that one never changes back.) A
// snapshot carries it: all of its rank files were written between the same two changes.
//
// While nobody waits for long this costs nothing: communicators where calls are quick are not on
// the list, for a cut is not held up there. A communicator leaves the list at the next cut if its
// first phases have been short, and kSpan bounds what a wrong guess can cost (half a second).
//
// A rank in the first phase that has to run on (a target is not met), or whose CALL cannot be made
// again, counts the call there and then: its clock is the latest, the other members are told to
// advance, and until the call is over it does not stand anywhere. A cut therefore sees a member of
// number k either before the call with clock k - 1, or past it with clock k. Main thread only.
#pragma once

#include <string>

#include "mpi/interpose/collective_gate.hpp"
#include "mpi/interpose/registry.hpp"

namespace chkpt::mpi::two_phase {

inline bool applies(const CommInfo& comm) {
  return __builtin_expect(comm.clock < comm.arrivals.two_phase_until, 0);
}
// The first phase of the call that is about to be entered; true if it has counted the call.
bool arrive(const char* call, Entering entering, CommInfo& comm);

// At a cut: the ids of communicators that this rank wants on the list; and the list of all ranks.
std::string votes();
void agree(const std::string& listed);

}  // namespace chkpt::mpi::two_phase
