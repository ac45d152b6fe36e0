// SPDX-License-Identifier: BSD-3-Clause
// What the script has in weak sets and dicts that library modules made when they were imported: the
// progress bars that tqdm knows of, for one, or handlers of logging with a name. A member goes with
// the snapshot if something else leads to it; a snapshot keeps nothing alive for a weak container's
// sake.
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
  // At the libraries' containers as they are now. `named`: those that a module's name leads to
  // and whose contents the library's nodes do not have.
  void look(const std::vector<Ref>& named);
  // An object that is being saved.
  void note(PyObject* object) {
    if (bool* met = met_.size() > 0 ? met_.find(object) : nullptr) *met = true;
  }
  // [(place or container, [(key or None, member)], guards of loops)] of those that have been noted,
  // in the container's order; where such a loop goes on, None for a member that has died. May be
  // empty.
  Ref met();
  // What is kept of the objects that have been noted since the last time; may be empty.
  Ref entries_met();
  // Such entries are being saved: what cannot be is in nothing else of the script.
  bool in_entries = false;

 private:
  struct Container {
    Ref place;  // or the container itself, if it goes by a name
    Ref guards;
    std::vector<std::pair<Ref, Ref>> members;  // key (null in a set), member or None
  };
  void add(PyObject* container, const Ref& place);

  std::vector<Container> containers_;
  WeakEntries entries_;
  PointerTable<bool> met_;  // members, keys and guards; whether they have been noted
};

// What lies behind a weak container: a loop over it holds them.
constexpr const char* kWeakData[] = {"data", "_iterating"};

// What a batch of them begins with, among those of deferred containers.
constexpr const char* kWeakMembers = "weak members";
constexpr const char* kFinalized = "finalized";  // the same for Saver::finalized()
// When everything is loaded.
void restore_weak_members(PyObject* saved);

}  // namespace chkpt::heap
