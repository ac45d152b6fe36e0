// SPDX-License-Identifier: BSD-3-Clause
// Objects that the script leads to by weak references alone are garbage that its collector has not
// found yet: what held them, a cycle upstream, is no part of a snapshot. They must not die with the
// load, which would call their finalizers at a moment that never was, but at a later collection.
#pragma once

#include "python/ref.hpp"

#include <unordered_map>

namespace chkpt::heap {

// Needs the GIL, also to be destroyed.
class WeakTargets {
 public:
  void add(PyObject* object) { held_.emplace(object, Ref::borrow(object)); }
  // When the load holds nothing else: puts each that nobody else holds into a cycle of its own, and
  // lets go of the others.
  void leave_to_collector();

 private:
  std::unordered_map<PyObject*, Ref> held_;
};

}  // namespace chkpt::heap
