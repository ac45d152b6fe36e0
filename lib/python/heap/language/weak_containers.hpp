// SPDX-License-Identifier: BSD-3-Clause
// What the script has in weak sets and dicts that library modules made when they were imported: the
// progress bars that tqdm knows of, for one. A member goes with the snapshot if something else
// leads to it; a snapshot keeps nothing alive for a weak container's sake.
#pragma once

#include "python/ref.hpp"

#include <utility>
#include <vector>

#include "python/heap/language/weak_entries.hpp"
#include "python/heap/pointer_table.hpp"

namespace chkpt::heap {

// Needs the GIL, throws Raised.
class WeakMembers {
 public:
  void look();  // at the libraries' containers as they are now
  // An object that is being saved.
  void note(PyObject* object) {
    if (int* order = order_.size() > 0 ? order_.find(object) : nullptr; order && *order == 0)
      *order = ++met_;
  }
  // [(place, [(key or None, member)])] of those that have been noted, in their order; may be empty.
  Ref met();
  // What is kept of the objects that have been noted since the last time; may be empty.
  Ref entries_met();
  // Such entries are being saved: what cannot be is in nothing else of the script.
  bool in_entries = false;

 private:
  struct Container {
    Ref place;
    std::vector<std::pair<Ref, Ref>> members;  // key (null in a set), member
  };
  void add(PyObject* container);

  std::vector<Container> containers_;
  WeakEntries entries_;
  PointerTable<int> order_;  // of members; 0: not noted
  int met_ = 0;
};

// What a batch of them begins with, among those of deferred containers.
constexpr const char* kWeakMembers = "weak members";
constexpr const char* kFinalized = "finalized";  // the same for Saver::finalized()
// When everything is loaded.
void restore_weak_members(PyObject* saved);

}  // namespace chkpt::heap
