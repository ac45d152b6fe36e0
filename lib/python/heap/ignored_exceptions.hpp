// SPDX-License-Identifier: BSD-3-Clause
// Exceptions that compiled code of libraries has to ignore while it makes objects of a saved state:
// Cython functions that return nothing say them to sys.unraisablehook and go on, with an object
// that is not what was saved. Those of finalizers are none of that: they say that one was dropped.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// There is one at a time. Needs the GIL; throws Raised.
class IgnoredExceptions {
 public:
  IgnoredExceptions();
  ~IgnoredExceptions();
  IgnoredExceptions(const IgnoredExceptions&) = delete;
  IgnoredExceptions& operator=(const IgnoredExceptions&) = delete;

  void expect_none() const;

 private:
  Ref hook_, before_;
};

}  // namespace chkpt::heap
