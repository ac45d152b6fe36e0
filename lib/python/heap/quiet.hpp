// SPDX-License-Identifier: BSD-3-Clause
// Iterators of itertools warn from 3.12 on that their pickling will end, when they are saved and
// when they get their state. The script must see nothing of that: no warning, no record of one, and
// no change of the number by which records of warnings that were shown become void.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// The list that decides about warnings. Needs the GIL; throws Raised.
Ref warning_filters();

bool warns_when_saved(PyTypeObject* type);

// While it lives, deprecation warnings from the frame that runs now come to nothing. Does nothing
// if not `needed`. Needs the GIL; throws Raised.
class NoDeprecationWarnings {
 public:
  explicit NoDeprecationWarnings(bool needed);
  ~NoDeprecationWarnings();
  NoDeprecationWarnings(const NoDeprecationWarnings&) = delete;
  NoDeprecationWarnings& operator=(const NoDeprecationWarnings&) = delete;

 private:
  Ref filters_, globals_, registry_, shown_;
};

// object.__reduce_ex__(protocol), whose state will be set without a warning too.
Ref reduce_quietly(PyObject* object, long protocol);

}  // namespace chkpt::heap
