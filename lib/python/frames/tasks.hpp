// SPDX-License-Identifier: BSD-3-Clause
// Raw access to the futures and tasks that asyncio has in C, and to the callables with which a task
// is advanced. C API conventions, as in objects.hpp; needs the GIL. Every state is a tuple of
// picklable items (empty slots are null_marker()), valid for the same Python version only.
#pragma once

#include "python/ref.hpp"

namespace chkpt::frames {

enum class AsyncKind { kNone, kFuture, kTask, kFutureIterator, kTaskStep };

// Of a C type; the classes that derive from it are kNone.
AsyncKind async_kind(PyTypeObject* type);

// Future and Task. Null with a TypeError if this interpreter keeps other fields than is assumed.
PyObject* future_get(PyObject* future);
PyObject* future_new(PyTypeObject* type);  // empty, of the C type or a class derived from it
int future_set(PyObject* future, PyObject* state);

// What `await future` waits with: its future, or null_marker() if it is over.
PyObject* future_iterator_get(PyObject* iterator);
PyObject* future_iterator_new();
int future_iterator_set(PyObject* iterator, PyObject* future_or_marker);

// What an event loop calls to take a task one step further: (task, exception|marker).
PyObject* task_step_get(PyObject* step);
PyObject* task_step_new();
int task_step_set(PyObject* step, PyObject* state);

// The coroutine of a task, borrowed; null without an exception if the task is laid out otherwise.
PyObject* task_coroutine(PyObject* task);
bool task_must_cancel(PyObject* task);
void set_task_coroutine(PyObject* task, PyObject* coroutine, bool must_cancel);
// What an event loop or a future calls to advance a task: its task, borrowed; null if it is none.
PyObject* task_advanced_by(PyObject* callable);
// The coroutine of `task`, which runs in `context`, has come back: with a value (taken), returned
// or yielded, or null and an exception. Does what asyncio does then, and leaves the context; a new
// reference to None, or null with an exception.
PyObject* finish_task_step(PyObject* context, PyObject* task, PyObject* value, bool yielded);

// What a future calls when a task waits for it: a built-in method of the task. Its task, borrowed;
// null without an exception if the object is none.
PyObject* task_of_wakeup(PyObject* function);
PyObject* task_wakeup_new();
int task_wakeup_set(PyObject* function, PyObject* task);

// The number in the name of the last task that got none by its maker ("Task-7"). -1 with an
// exception if this interpreter keeps it elsewhere than is assumed.
long long task_number();
int set_task_number(long long number);

}  // namespace chkpt::frames
