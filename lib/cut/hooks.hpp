// SPDX-License-Identifier: BSD-3-Clause
// What the cut needs from Python, injected so that this module and lib/mpi know no Python.
#pragma once

#include <string>

namespace chkpt::mpi {
struct BlockedCall;
}

namespace chkpt::cut {

struct PythonHooks {
  // Any thread, no GIL: the main thread shall call Agent::at_safe_point() at its next boundary.
  void (*request_safe_point)() = nullptr;
  void (*cancel_safe_point)() = nullptr;

  // Main thread, inside the wrapper of an MPI function, called once per blocked call: may the CALL
  // that led here be executed again on a resume? Only if every frame can be captured, the callable
  // is a method of an mpi4py.MPI type, and mpi::restart_of() that method allows it. Null: never.
  bool (*prepare_blocked)(const mpi::BlockedCall& call, std::string* why) = nullptr;

  // Any thread; must return within 100 ms, so it gives up when it cannot have the GIL.
  // "inside numpy.linalg.solve called at model.py:211"
  std::string (*where)() = nullptr;
  // Main thread, with or without the GIL: the line that is being executed, "at halo.py:31 in main".
  std::string (*line)() = nullptr;

  // Main thread. The GIL is let go while a rank waits at a safe point.
  void* (*release_gil)() = nullptr;
  void (*acquire_gil)(void* saved) = nullptr;
};

}  // namespace chkpt::cut
