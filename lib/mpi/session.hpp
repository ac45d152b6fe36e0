// SPDX-License-Identifier: BSD-3-Clause
// The process's one MPI session. chkpt owns the real MPI_Init and MPI_Finalize; the script sees
// virtual ones (interpose/virtual_init.cpp). Under a launcher MPI starts before the script (eager);
// without one it starts when the script asks for it, so that a script which never does pays
// nothing. Only the main thread may call anything here: no other thread of chkpt ever calls MPI.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <mpi.h>

namespace chkpt::mpi {

// True when the environment says that mpirun, srun or the like started this process.
bool launched_by_mpi();

enum class Start { kEager, kLazy };

namespace session {

// kEager: initialises MPI with MPI_THREAD_MULTIPLE; throws MpiError. kLazy: nothing yet.
void start(Start how);
// Completes and finalises MPI if it was ever started. The script's state must be gone by then.
void finish();
[[noreturn]] void abort(int exit_code);  // MPI_Abort when MPI runs, else _exit

// The lowest rank of those that share this node's memory; true without MPI. Collective.
bool first_on_node();

bool active();  // MPI is initialised and the wrappers record
int rank();     // in MPI_COMM_WORLD; 0 without MPI
int size();     // 1 without MPI

// The files of the shared libraries that the start of MPI has loaded (its components).
const std::set<std::string>& libraries();

// True once the script has called MPI_Init or Init_thread itself (mpi4py does on import) /
// Finalize.
bool script_initialized();
bool script_finalized();
// A resumed script had MPI initialised (or finalised) when it was saved: say so before it runs.
// Starts MPI if it does not run yet. `thread_level` is what the script was given.
void adopt_script_state(bool initialized, bool finalized, int thread_level);
int script_thread_level();

// Private communicators. control: duplicate of WORLD for chkpt's own exchange, used only while the
// main thread of every rank is in chkpt's code. peer: duplicate of WORLD lent to MPI calls that
// would exchange internal messages on the user's communicator. acks: duplicate of WORLD for what
// sync_sends.hpp tells the senders while scripts run. self: duplicate of SELF.
MPI_Comm control();
MPI_Comm peer();
MPI_Comm acks();
MPI_Comm self();

// Collective on all ranks (main threads in chkpt's code); trivial without MPI. Throw MpiError.
struct Verdict {
  bool ok = true;
  int rank = -1;  // lowest rank that said no
  std::string message;
};
Verdict agree(bool ok, const std::string& message);
std::string broadcast(const std::string& text);                // rank 0's
std::vector<std::string> all_gather(const std::string& text);  // one per rank

// To each world rank of `out` its text, back come the texts for this rank, by sender. Nobody knows
// beforehand who will write to it, and a rank has to do with its partners only, so that this can be
// done in large jobs. `raised` of the answer: whether any rank has said true.
struct Letters {
  std::map<int, std::string> texts;
  bool raised = false;
};
Letters exchange(const Letters& out);

}  // namespace session

// Throws MpiError naming `call` unless rc is MPI_SUCCESS.
void check(int rc, const char* call);

}  // namespace chkpt::mpi
