// SPDX-License-Identifier: BSD-3-Clause
// The futures and tasks that asyncio has in C, with what advances them. Those in Python are
// instances of library classes like any other.
#include <Python.h>

#include "python/frames/tasks.hpp"
#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

using frames::AsyncKind;

Ref no_args() { return own(PyTuple_New(0)); }

Ref rebuild_future(Args args) {
  return own(frames::future_new(reinterpret_cast<PyTypeObject*>(args[0])));
}
const Rebuilder make_future{"asyncio.future", guarded<rebuild_future>};
// (future, (fields, instance state))
Ref fill_future(Args args) {
  ok(frames::future_set(args[0], item(args[1], 0)));
  restore_instance_state(args[0], item(args[1], 1));
  return none();
}
const Rebuilder set_future{"asyncio.future.state", guarded<fill_future>};

Ref rebuild_future_iterator(Args) { return own(frames::future_iterator_new()); }
const Rebuilder make_future_iterator{"asyncio.future_iterator", guarded<rebuild_future_iterator>};
Ref fill_future_iterator(Args args) {
  ok(frames::future_iterator_set(args[0], item(args[1], 0)));
  return none();
}
const Rebuilder set_future_iterator{"asyncio.future_iterator.state", guarded<fill_future_iterator>};
Ref reduce_future_iterator(Saver&, PyObject* iterator, Rule&) {
  return reduced(make_future_iterator, no_args(), pack(own(frames::future_iterator_get(iterator))),
                 set_future_iterator);
}

Ref rebuild_step(Args) { return own(frames::task_step_new()); }
const Rebuilder make_step{"asyncio.step", guarded<rebuild_step>};
Ref fill_step(Args args) {
  ok(frames::task_step_set(args[0], args[1]));
  return none();
}
const Rebuilder set_step{"asyncio.step.state", guarded<fill_step>};
Ref reduce_step(Saver&, PyObject* step, Rule&) {
  return reduced(make_step, no_args(), own(frames::task_step_get(step)), set_step);
}

Ref rebuild_wakeup(Args) { return own(frames::task_wakeup_new()); }
const Rebuilder make_wakeup{"asyncio.wakeup", guarded<rebuild_wakeup>};
Ref fill_wakeup(Args args) {
  ok(frames::task_wakeup_set(args[0], item(args[1], 0)));
  return none();
}
const Rebuilder set_wakeup{"asyncio.wakeup.state", guarded<fill_wakeup>};

bool is_event_loop_type(PyTypeObject* type) {
  const Ref base = loaded_attr("asyncio.events", "AbstractEventLoop");
  return base && PyType_Check(base.get()) &&
         PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base.get()));
}

bool is_selector_type(PyTypeObject* type) {
  const Ref base = loaded_attr("selectors", "BaseSelector");
  return base && PyType_Check(base.get()) &&
         PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base.get()));
}

}  // namespace

Ref reduce_task_wakeup(PyObject* task) {
  return reduced(make_wakeup, no_args(), pack(task), set_wakeup);
}

Ref reduce_future(Saver& saver, PyObject* future, Rule& rule) {
  const Ref state = pack(own(frames::future_get(future)), instance_state(saver, future, rule));
  return reduced(make_future, pack(rule.type), state, set_future);
}

Reduce async_rule(Rule& rule) {
  if (!loaded_module("asyncio.events") && !loaded_module("selectors")) return nullptr;
  rule.layout = layout_of(rule.type);
  switch (frames::async_kind(rule.layout.native_base)) {
    case AsyncKind::kFuture:
    case AsyncKind::kTask:
      return reduce_future;
    case AsyncKind::kFutureIterator:
      return reduce_future_iterator;
    case AsyncKind::kTaskStep:
      return reduce_step;
    case AsyncKind::kNone:
      break;
  }
  if (is_event_loop_type(rule.type)) return reduce_event_loop;
  return is_selector_type(rule.type) ? reduce_selector : nullptr;
}

}  // namespace chkpt::heap
