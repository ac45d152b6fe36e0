// SPDX-License-Identifier: BSD-3-Clause
// The MPI state of one rank at a cut, as bytes, and made again in a new MPI job: every live
// communicator with its exact identity, clocks, counters and drained messages. Nothing is replayed;
// what was freed leaves no trace. Requests belong to the objects that hold them (lib/cut/handles).
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "mpi/interpose/rebuild_communicator.hpp"
#include "mpi/interpose/rebuild_file.hpp"
#include "mpi/interpose/rebuild_window.hpp"
#include "mpi/interpose/registry.hpp"
#include "mpi/interpose/sent_half.hpp"
#include "mpi/interpose/sync_sends.hpp"

namespace chkpt::mpi {

// mpi4py keeps a duplicate of a communicator on which it reduces pickled objects, and numbers these
// reductions by tags. Ranks may stand before or after the same reduction, so the tag is this rank's
// own and a lost duplicate would lose messages.
struct SavedContext {
  CommId comm;
  CommId duplicate;
  CommId local;  // intercommunicators: the own group's, or "" if mpi4py has not needed it yet
  int tag = 0;
  int low_group = -1;  // mpi4py's own
};

struct RankState {
  struct Communicator {
    SavedComm state;
    CommunicatorRecipe recipe;
    int fortran_number = -1;  // see fortran_numbers.hpp
  };

  bool script_initialized = false;
  bool script_finalized = false;
  int thread_level = 0;
  int next_key = 0;                         // of attributes
  std::vector<Communicator> communicators;  // in order of creation
  std::vector<JointClock> joint_clocks;
  std::vector<WindowRecipe> windows;  // in the order of ids
  std::vector<FileRecipe> files;      // the same
  std::optional<SentHalf> sent_half;  // of the call that the rank is blocked in
  std::vector<sync_sends::Saved> sync_sends;
  std::uint64_t next_sync_send = 1;
  std::optional<double> wall_clock;
  std::vector<SavedContext> contexts;  // by lib/cut/handles
  Bytes settings;                      // by lib/cut/handles, opaque here
};

// Main thread, at a cut. Throws CannotSave; contexts and settings are empty.
RankState capture_rank_state();

Bytes encode(const RankState& state);
RankState decode(ByteView section);  // throws FormatError

// Collective over MPI_COMM_WORLD, in a process where the script has not used MPI yet. Afterwards
// the registry is as it was at the cut and drained messages wait to be received; windows exist
// unless their memory is the script's, and files are open. Throws MpiError or FormatError; the job
// cannot go on then.
void rebuild(const RankState& state);

}  // namespace chkpt::mpi
