// SPDX-License-Identifier: BSD-3-Clause
// Requests that a resumed process has to make again with their arguments: receives that nothing has
// matched, and persistent requests. They are noted while objects are loaded and made afterwards, in
// the old order of posting, when the objects that own their buffers exist. Needs the GIL.
#pragma once

#include <cstdint>
#include <vector>

#include "cut/handles/receive_buffer.hpp"
#include "mpi/interpose/requests.hpp"

namespace chkpt::cut::handles {

struct Posting {
  enum class State : int {
    kPending = 0,   // a receive, plain or persistent
    kInactive = 1,  // a persistent request between completion and start
    kComplete = 2,  // a persistent request that is complete and has not been waited for
    kHeld = 3,      // a persistent synchronous send that waits for its receiver's script
  };
  State state = State::kPending;
  MPI_Status status{};  // kComplete
  // Its arguments and place in the order. comm and type are those of this process. kHeld: sync
  // too.
  mpi::RequestInfo info;
  mpi::CommId comm;
  Bytes type;
  ReceiveBuffer buffer;
  std::vector<Ref> requests;  // the objects that share it
};

// The payload of form "posted".
Ref describe_posting(const Module& module, PyObject* request, const Posting& posting);
// "from 2 with tag 7 on communicator w".
std::string text_of(const mpi::RequestInfo& info);

void note_posting(PyObject* request, PyObject* payload);
void make_noted_postings(const Module& module);
void forget_postings();

}  // namespace chkpt::cut::handles
