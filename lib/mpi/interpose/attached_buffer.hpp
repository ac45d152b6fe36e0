// SPDX-License-Identifier: BSD-3-Clause
// The memory that the script has given to the library for buffered sends. Main thread only.
#pragma once

namespace chkpt::mpi {

struct AttachedBuffer {
  void* address = nullptr;  // null: none
  int size = 0;
};
AttachedBuffer& attached_buffer();

}  // namespace chkpt::mpi
