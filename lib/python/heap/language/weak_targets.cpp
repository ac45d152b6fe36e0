// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/language/weak_targets.hpp"

#include <utility>
#include <vector>

#include "python/heap/call.hpp"

namespace chkpt::heap {

void WeakTargets::leave_to_collector() {
  std::vector<Ref> orphans;
  for (const auto& [object, reference] : held_)
    if (Py_REFCNT(object) == 1) orphans.push_back(reference);
  for (const Ref& orphan : orphans) {
    const Ref cycle = new_list();
    append(cycle, orphan);
    append(cycle, cycle);
  }
  orphans.clear();
  // A finalizer may run now: of what went with the load after all.
  const auto others = std::exchange(held_, {});
}

}  // namespace chkpt::heap
