// SPDX-License-Identifier: BSD-3-Clause
// A task of our own, on an event loop that does nothing: it shows what asyncio's C module hands out
// only in use. For this module alone.
#pragma once

#include "python/ref.hpp"

namespace chkpt::frames {

struct TaskProbe {
  PyTypeObject* step_type = nullptr;  // of what an event loop calls to advance a task
  PyMethodDef* wakeup = nullptr;      // of what a future calls
  PyObject* future = nullptr;         // one that nobody waits for
  PyObject* numbered = nullptr;       // (module): makes a task, returns the name it got
};

// Made at the first use, lives as long as the process. Null with an exception.
const TaskProbe* task_probe();

PyObject* asyncio_c_module();  // borrowed; null with an exception if it is not loaded

}  // namespace chkpt::frames
