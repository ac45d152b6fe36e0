// SPDX-License-Identifier: BSD-3-Clause
// The semaphores under multiprocessing's locks (tqdm makes one for its bars). One that no other
// process can have is made again with its value. Children that could hold one keep snapshots away
// by themselves; one that others can open by its name is refused.
#include <Python.h>
#include <unistd.h>

#include <string>

#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

constexpr long long kRecursive = 0;  // RECURSIVE_MUTEX of _multiprocessing

// The name lives only until the semaphore is there.
Ref new_semaphore(PyObject* type, PyObject* kind, long long value, PyObject* most) {
  static int number_of_name = 0;
  for (;;) {
    const Ref name =
        text("/chkpt-" + std::to_string(getpid()) + "-" + std::to_string(++number_of_name));
    const Ref args = pack(kind, number(value), most, name, Py_True);
    const Ref made = Ref::steal(PyObject_Call(type, args.get(), nullptr));
    if (made) return made;
    if (!PyErr_ExceptionMatches(PyExc_FileExistsError)) throw Raised{};
    PyErr_Clear();
  }
}

// (type, kind, value, most, how often it was acquired here)
Ref rebuild_semaphore(Args args) {
  const long long value = integer(args[2]), count = integer(args[4]);
  Ref semaphore = new_semaphore(args[0], args[1], value + count, args[3]);
  for (long long i = 0; i < count; ++i) call_method(semaphore, "acquire", boolean(false));
  for (long long i = 0; i > count; --i) call_method(semaphore, "release");
  return semaphore;
}
const Rebuilder make_semaphore{"semaphore", guarded<rebuild_semaphore>};

}  // namespace

Ref reduce_semaphore(Saver&, PyObject* semaphore, Rule& rule) {
  if (!attr(semaphore, "name").is(Py_None)) refuse("a semaphore that other processes can open");
  const Ref kind = attr(semaphore, "kind");
  long long value = integer(call_method(semaphore, "_get_value").get());
  long long count = integer(call_method(semaphore, "_count").get());
  if (integer(kind.get()) == kRecursive) {
    if (count > 0 && !is_true(call_method(semaphore, "_is_mine")))
      refuse("a lock that another thread holds");
    value = 1 - count;  // only the first acquire() takes it from the semaphore
  }
  if (value + count < 0) count = -value;  // released more often than acquired here
  return reduced(make_semaphore,
                 pack(rule.type, kind, number(value), attr(semaphore, "maxvalue"), number(count)));
}

}  // namespace chkpt::heap
