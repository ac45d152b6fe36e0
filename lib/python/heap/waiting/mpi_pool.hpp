// SPDX-License-Identifier: BSD-3-Clause
// The manager of an mpi4py.futures pool on ranks of the job: a thread that hands tasks to the other
// ranks and takes their results. While it has no task it only sleeps, between two looks at its
// queue, and makes no MPI calls: a resume starts it anew at that point. On one rank it works on the
// tasks itself. (The managers of pools on
// processes that they have spawned or connected to are threads like any other.) All need the GIL
// and throw Raised.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

bool is_pool_manager(PyObject* thread);
// Whether it sleeps, and nothing is asked of it or of the other ranks.
bool manager_sleeps(PyObject* thread, unsigned long ident);

// Of one that sleeps: what it goes on with.
Ref manager_state(PyObject* thread, unsigned long ident);
// For a thread that has not been started: it will go on with that. Returns what start() must not
// find, to be given to manager_started() afterwards.
Ref prepare_manager(PyObject* thread, PyObject* state);
// Once started: has it come as far as that?
bool goes_on(PyObject* state, unsigned long ident);
void manager_started(PyObject* thread, PyObject* state, PyObject* prepared);

}  // namespace chkpt::heap
