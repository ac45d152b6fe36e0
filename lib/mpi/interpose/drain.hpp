// SPDX-License-Identifier: BSD-3-Clause
// Taking messages out of the library before the script asks for them, so that senders come out of
// their calls and nothing is in flight at a cut; and handing them over later, in arrival order.
// Main thread only. Never blocks on a message that is still arriving while draining.
#pragma once

#include <memory>

#include <mpi.h>

#include "mpi/interpose/registry.hpp"

namespace chkpt::mpi::drain {

// Takes whatever has arrived on every communicator, matched or not; counts what is complete, also
// live receives.
void all();
// No message is half taken.
bool settled();

// Until the rest of a message that was taken out has arrived. comm: null once freed.
void wait_for(CommInfo* comm, Drained& message);

// First drained message that matches, or null; take() removes it once it is complete.
std::shared_ptr<Drained> peek(CommInfo& comm, int source, int tag);
std::shared_ptr<Drained> take(CommInfo& comm, int source, int tag);

// Into the script's buffer, with the library's own conversion, and its error if that is too small.
int deliver(const Drained& message, void* buffer, int count, MPI_Datatype type, MPI_Status* status);
// What a probe or a receive of it would answer. status may be MPI_STATUS_IGNORE.
void fill_status(const Drained& message, MPI_Status* status);

}  // namespace chkpt::mpi::drain
