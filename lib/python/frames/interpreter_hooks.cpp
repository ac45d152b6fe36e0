// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/shim.hpp"

#include "python/frames/interpreter_hooks.hpp"

#include <utility>

namespace chkpt::frames {
namespace {

PyObject* audit_hooks_aside = nullptr;  // those that an AuditHooksAside has taken away

PyObject** place_of(HookList which) {
  PyInterpreterState* interpreter = PyInterpreterState_Get();
  switch (which) {
    case HookList::kAudit:
      return audit_hooks_aside ? &audit_hooks_aside : &interpreter->audit_hooks;
    case HookList::kBeforeFork:
      return &interpreter->before_forkers;
    case HookList::kAfterForkInParent:
      return &interpreter->after_forkers_parent;
    case HookList::kAfterForkInChild:
      break;
  }
  return &interpreter->after_forkers_child;
}

}  // namespace

PyObject* interpreter_hooks(HookList which) {
  PyObject* hooks = *place_of(which);
  return hooks ? PySequence_List(hooks) : PyList_New(0);
}

int add_interpreter_hook(HookList which, PyObject* function) {
  PyObject** const place = place_of(which);
  if (!*place) {
    *place = PyList_New(0);
    if (!*place) return -1;
    if (which == HookList::kAudit) PyObject_GC_UnTrack(*place);  // as the interpreter does
  }
  return PyList_Append(*place, function);
}

AuditHooksAside::AuditHooksAside()
    : hooks_(std::exchange(PyInterpreterState_Get()->audit_hooks, nullptr)) {
  if (hooks_) audit_hooks_aside = hooks_;
}

AuditHooksAside::~AuditHooksAside() {
  if (!hooks_) return;
  PyInterpreterState_Get()->audit_hooks = hooks_;
  audit_hooks_aside = nullptr;
}

}  // namespace chkpt::frames
