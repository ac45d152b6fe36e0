// SPDX-License-Identifier: BSD-3-Clause
// What library modules keep of the script's objects in weak dicts by key that they made when they
// were imported: values of descriptors, listeners of classes. An entry goes with the snapshot if
// something else leads to its key. Entries of a library's own objects are left to its import.
#pragma once

#include "python/ref.hpp"

#include <functional>
#include <string>
#include <vector>

namespace chkpt::heap {

// Needs the GIL, throws Raised.
class WeakEntries {
 public:
  // At the dict as it is now. `want` is told each key; `met` says later whether it has been saved.
  // `guards`: what loops over the dict have put into it.
  void look_at(PyObject* dict, const Ref& place, const Ref& guards,
               const std::function<void(PyObject*)>& want);
  // [(place, [(number in the dict, key, value)])] of those met since the last time; may be empty.
  // Where such a loop goes on, None for a key that has died.
  Ref met_now(const std::function<bool(PyObject*)>& met);

 private:
  struct Entry {
    Ref key, value;  // None for a key that has died
    bool taken = false;
  };
  struct Dict {
    Ref place, guards;
    std::vector<Entry> entries;
  };
  std::vector<Dict> dicts_;
};

// What a batch of them begins with, among those of deferred containers; in the text of what they
// hold and cannot be saved.
constexpr const char* kWeakEntries = "weak entries";

// All batches, when everything is loaded and loops over the dicts are in them.
void restore_weak_entries(PyObject* batches);
// What goes into a weak container for a member that has died: it dies, too, when it is let go.
Ref short_lived();

// Asks `why_not` for what each dict holds, and leaves the dict out from now on if it has a reason.
// Says once which that is. True if there was any.
bool leave_out_unsaveable_entries(const std::function<std::string(PyObject* value)>& why_not);

}  // namespace chkpt::heap
