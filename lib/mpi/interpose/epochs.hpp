// SPDX-License-Identifier: BSD-3-Clause
// Open epochs of one-sided communication, and file operations in two parts. Inside one the effects
// of calls are not complete, so no snapshot can stand: a rank runs on until it has closed its last
// one. An epoch that outlasts the patience of a cut defers the snapshot, and from then on every one
// at once, until it is closed. Locks of all targets are another matter: programs hold them for as
// long as they have the window, and may complete their accesses at any time. A rank may stand in
// one that lasts; at first it runs on all the same, for another rank may wait for it to be
// unlocked. Written by the main thread, read by the control thread.
#pragma once

#include <string>

namespace chkpt::mpi::epochs {

enum class Kind {
  kFence,     // accesses since the last fence
  kLock,      // one target
  kLockAll,   // all targets
  kAccess,    // MPI_Win_start
  kExposure,  // MPI_Win_post
  kSplit,     // MPI_File_write_all_begin, ...
};

// `window` (or file) is only a key.
void open(const void* window, Kind kind, const char* mpi_call);
void close(const void* window, Kind kind);  // one of this kind, if there is any
void close_all(const void* window);
// In a resumed process: a lock of all targets that the run held when it was saved.
void reopen_lock_all(const void* window);

// Whether this rank may not stand.
bool any();
// "" or "an open RMA epoch (MPI_Win_lock at halo.py:31)": the first an epoch that a cut has waited
// for in vain. The cut in progress has waited for those open now for so long.
std::string outlasting(double waited_s);

}  // namespace chkpt::mpi::epochs
