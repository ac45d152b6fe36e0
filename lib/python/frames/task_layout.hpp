// SPDX-License-Identifier: BSD-3-Clause
// Where asyncio's Future and Task, of the C module _asyncio, keep their fields. Both begin with
// nine references; a shim says where the others are.
#pragma once

#include <cstddef>

namespace chkpt::frames::shim {

struct TaskFlag {
  std::ptrdiff_t offset;
  unsigned mask;  // all ones: an int of its own, 0 or 1
};

struct TaskLayout {
  std::ptrdiff_t future_size, task_size;
  std::ptrdiff_t cancelled_exception;
  std::ptrdiff_t waiter, coroutine, name, context;  // of tasks only
  std::ptrdiff_t state;
  TaskFlag log_traceback, blocking;
  TaskFlag must_cancel, log_destroy_pending;  // of tasks only
  std::ptrdiff_t cancels;                     // likewise
};

}  // namespace chkpt::frames::shim
