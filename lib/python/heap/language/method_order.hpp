// SPDX-License-Identifier: BSD-3-Clause
// The order in which a class and others are looked through for attributes, where its metaclass has
// an mro() of its own. That method may be the script's, and what it needs is half made during a
// load: it is not asked again. All need the GIL and throw Raised.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// None, or the classes that such a metaclass has given, None in the place of the class itself.
Ref own_mro(PyTypeObject* type);

// While it exists the metaclass answers with a saved order; with None nothing changes.
class AnsweredMro {
 public:
  AnsweredMro(PyObject* metaclass, PyObject* mro);
  ~AnsweredMro();
  AnsweredMro(const AnsweredMro&) = delete;
  AnsweredMro& operator=(const AnsweredMro&) = delete;

 private:
  Ref metaclass_, before_;
};

}  // namespace chkpt::heap
