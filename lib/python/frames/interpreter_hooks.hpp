// SPDX-License-Identifier: BSD-3-Clause
// Functions that the script gave to the interpreter for good, in lists that no Python API shows:
// sys.addaudithook() and os.register_at_fork(). Needs the GIL.
#pragma once

#include "python/ref.hpp"

namespace chkpt::frames {

enum class HookList { kAudit, kBeforeFork, kAfterForkInParent, kAfterForkInChild };
constexpr HookList kHookLists[] = {HookList::kAudit, HookList::kBeforeFork,
                                   HookList::kAfterForkInParent, HookList::kAfterForkInChild};

// New list of functions in the order in which they were given; null with a Python exception.
PyObject* interpreter_hooks(HookList which);
// Adds one, without a word to audit hooks. -1 with a Python exception.
int add_interpreter_hook(HookList which, PyObject* function);

// As long as this lives, audit hooks do not see what happens: a snapshot is no act of the script's.
class AuditHooksAside {
 public:
  AuditHooksAside();
  ~AuditHooksAside();
  AuditHooksAside(const AuditHooksAside&) = delete;
  AuditHooksAside& operator=(const AuditHooksAside&) = delete;

 private:
  PyObject* hooks_;
};

}  // namespace chkpt::frames
