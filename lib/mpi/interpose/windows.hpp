// SPDX-License-Identifier: BSD-3-Clause
// The script's RMA windows. Each gets a private communicator of its members, entered in the
// registry like one of the script's: its id is the window's identity, its clock counts fences, its
// channels carry what post/start and complete/wait tell each other, and it is there still when the
// script has freed the communicator that the window was made from. Dynamic windows, and windows on
// communicators that chkpt does not follow, are not entered: they defer snapshots. Main thread
// only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <mpi.h>

#include "mpi/interpose/registry.hpp"

namespace chkpt::mpi {

struct WindowInfo {
  MPI_Win handle = MPI_WIN_NULL;
  CommInfo* comm = nullptr;       // private
  bool fence_open = false;        // the last fence lets accesses follow
  bool accessed = false;          // since the last fence
  int passive = 0;                // locks held
  std::optional<int> locked_all;  // the assertion of the lock of all targets that is held
  std::vector<int> targets;       // of the access epoch, ranks in comm
  std::vector<int> origins;       // of the exposure epoch
};

namespace windows {

// Null for one that is not followed.
WindowInfo* find(MPI_Win win);
WindowInfo* find(const CommId& id);
WindowInfo& add(MPI_Win win, CommInfo& comm);
void remove(WindowInfo& window);
// In the order of ids, which is the same on all ranks.
void for_each(const std::function<void(WindowInfo&)>& f);

// An access (MPI_Put, ...): opens the epoch that a fence began.
void accessed(const char* mpi_call, MPI_Win win);
// An access with a request has been started: returns rc.
int started(MPI_Win win, int rc, MPI_Request* request);

// At a cut, with the main threads of all ranks in chkpt's code: completes the accesses of this rank
// to windows in whose epochs it stands. When all have done so they are in the targets' memory.
// Throws MpiError.
void complete_accesses();

// While a resumed process loads its objects, the windows on the script's own memory cannot exist
// yet, but views of that memory ask for its place. A promised handle answers that, nothing else.
MPI_Win promise(void* base, MPI_Aint size, int disp_unit);
// What MPI_Win_get_attr says of it; false for any other window.
bool answer_promised(MPI_Win win, int keyval, void* value, int* flag);
void forget_promises();

}  // namespace windows
}  // namespace chkpt::mpi
