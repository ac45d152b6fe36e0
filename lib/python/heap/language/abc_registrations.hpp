// SPDX-License-Identifier: BSD-3-Clause
// Which classes have been registered with which abstract base class (abc.ABCMeta.register).
#pragma once

#include "python/ref.hpp"

#include <utility>
#include <vector>

namespace chkpt::heap {

// Asking every abstract class takes a while, and mostly nothing is new: what is found is kept.
// Needs the GIL; throws Raised.
class AbcRegistrations {
 public:
  static AbcRegistrations& known();

  // Whether classes have been registered since the last renew().
  bool are_old();
  void renew(const std::vector<PyObject*>& abstract_classes);
  // [(abstract class, registered class)] as far as they live.
  std::vector<std::pair<Ref, Ref>> all() const;

 private:
  Ref token_;                               // abc.get_cache_token() when they were asked
  std::vector<std::pair<Ref, Ref>> pairs_;  // weak references
};

}  // namespace chkpt::heap
