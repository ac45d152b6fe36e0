// SPDX-License-Identifier: BSD-3-Clause
// The Python memory of a pending receive or a persistent request: which object owns it, and where
// in it the message is. Needs the GIL.
#pragma once

#include "cut/handles/module.hpp"
#include "mpi/interpose/requests.hpp"

namespace chkpt::cut::handles {

struct ReceiveBuffer {
  enum class Kind : int {
    kArray = 0,      // an upper-case call with the script's object; wait() returns None
    kPickle = 1,     // lower-case irecv into the script's object; wait() unpickles it
    kAllocated = 2,  // the same into a bytes object of mpi4py's; `owner` is its size
  };
  Ref owner;              // None: no memory at all, for an empty message
  Py_ssize_t offset = 0;  // of the receive's address from the beginning of the owner's buffer
  Kind kind = Kind::kArray;
};

// Throws CannotSave when the memory belongs to no object, or the message would leave it.
ReceiveBuffer find_receive_buffer(const Module& module, PyObject* request,
                                  const mpi::RequestInfo& info);

struct HeldBuffer {
  Ref holder;  // for the Request: keeps the memory in place
  void* address = nullptr;
};
// `written`: the library will write into it.
HeldBuffer hold_receive_buffer(const Module& module, const ReceiveBuffer& buffer, bool written);

// An MPI.memory of the whole of `owner`.
Ref memory_over(const Module& module, PyObject* owner);

}  // namespace chkpt::cut::handles
