// SPDX-License-Identifier: BSD-3-Clause
// mpi4py's objects in a checkpoint. Each is asked what it is when it is saved (a communicator: its
// identity; a datatype: how it was made; a pending receive: where it writes to) and made again as
// an object of the same class in the resumed process. Nothing is recorded while the script runs.
// What cannot be asked or made again is refused (CannotSave).
#pragma once

#include "python/ref.hpp"

#include "base/bytes.hpp"

namespace chkpt::cut::handles {

// Once per process, before the first heap::save or heap::load.
void register_types();

// Around heap::save at a cut, main thread, GIL held. end_save returns the rank file's MPI section;
// it throws CannotSave for MPI state that no saved object stands for, such as a pending receive
// whose Request the script has dropped.
void begin_save();
Bytes end_save();

// Instead of begin_load, in a process that loads a state to look at it and has no part in the job:
// objects that stand for communicators, requests and the like carry no MPI handle. False: not
// possible, for the memory of RMA windows exists with the windows only.
bool begin_rehearsal(ByteView section);

// Around heap::load in the resumed process, GIL held, before the script's first instruction.
// begin_load is collective over all ranks: it imports mpi4py.MPI as the script had, makes the
// communicators again and puts drained messages back. end_load, after heap::load has returned,
// posts the pending receives again. join_load, when all ranks have come that far (and before
// Loaded::finish), is collective again: it makes the windows on memory that has been loaded. All
// throw on what must not go on.
void begin_load(ByteView section);
void end_load();
void join_load();

}  // namespace chkpt::cut::handles
