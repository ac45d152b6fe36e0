// SPDX-License-Identifier: BSD-3-Clause
// Which import of a library module brought which others. sys.modules has a module when its import
// ends, so those that it imports stand before it; a resume imports what was asked for first, so
// that each module finds what it found: modules that are half imported, random numbers, variables
// of the environment. All need the GIL and throw Raised.
#pragma once

#include "python/ref.hpp"

#include <vector>

namespace chkpt::heap {

// The import of `outermost`, which is under way, imports the module `name` too.
void note_brought(PyObject* name, PyObject* outermost);

// The names in the order in which they are to be imported.
class ImportOrder {
 public:
  explicit ImportOrder(const std::vector<Ref>& imported);
  // Adds to `steps` the import that brought this one, and this one, unless they are there.
  void append_to(const Ref& steps, PyObject* name);

 private:
  void append_once(const Ref& steps, PyObject* name);

  Ref imported_;
  Ref appended_;
};

}  // namespace chkpt::heap
