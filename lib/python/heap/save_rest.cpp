// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/save_rest.hpp"

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/compiled/shared_memory.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

Ref content_of(PyObject* container) {
  return PyDict_Check(container) ? own(PyDict_Items(container)) : own(frames::set_get(container));
}

// Saving their contents may defer more of them.
std::size_t dump_deferred_from(std::size_t done, const Saver& saver, Pickling& pickling) {
  while (done < saver.deferred().size()) {
    const Ref contents = new_list();
    const std::size_t first = done;
    for (; done < saver.deferred().size(); ++done)
      append(contents, content_of(saver.deferred()[done].get()));
    pickling.dump(pack(number(static_cast<long long>(first)), contents));
  }
  return done;
}

// One at a time: what the first leads to may lead to the others.
void dump_put_off(Saver& saver, Pickling& pickling) {
  while (!saver.put_off().empty()) {
    const Ref instance = std::move(saver.put_off().front());
    saver.put_off().pop_front();
    const Ref state = plain_state(instance.get(), saver.rule_of(Py_TYPE(instance.get())));
    pickling.dump(pack(text(kPutOff), pack(instance, state)));
  }
}

// All that is left by now; `done`: how many containers are written.
std::size_t dump_rest_from(std::size_t done, Saver& saver, Pickling& pickling) {
  while (done < saver.deferred().size() || !saver.put_off().empty()) {
    dump_put_off(saver, pickling);
    done = dump_deferred_from(done, saver, pickling);
  }
  return done;
}

// What they hold may lead to the keys of others.
std::size_t dump_weak_entries_from(std::size_t done, Saver& saver, Pickling& pickling) {
  saver.weak_members().in_entries = true;
  for (Ref entries = saver.weak_members().entries_met(); PyList_GET_SIZE(entries.get()) > 0;
       entries = saver.weak_members().entries_met()) {
    pickling.dump(pack(text(kWeakEntries), entries));
    done = dump_rest_from(done, saver, pickling);
  }
  saver.weak_members().in_entries = false;
  return done;
}

}  // namespace

void dump_deferred(Saver& saver, Pickling& pickling, const OriginalArrays& originals) {
  std::size_t done = dump_rest_from(0, saver, pickling);
  done = dump_weak_entries_from(done, saver, pickling);
  const Ref members = saver.weak_members().met();
  if (PyList_GET_SIZE(members.get()) > 0) {
    pickling.dump(pack(text(kWeakMembers), members));
    done = dump_rest_from(done, saver, pickling);
  }
  if (const Ref checks = originals.checks()) {
    pickling.dump(pack(text(kSharedMemory), checks));
    dump_rest_from(done, saver, pickling);
  }
  if (PyList_GET_SIZE(saver.finalized().get()) > 0)
    pickling.dump(pack(text(kFinalized), saver.finalized()));
  pickling.dump(none());
}

}  // namespace chkpt::heap
