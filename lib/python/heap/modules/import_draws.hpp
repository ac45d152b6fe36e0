// SPDX-License-Identifier: BSD-3-Clause
// Libraries that draw from the module random while they are imported (sympy numbers its dummy
// symbols from such a number): on resume each is imported with the generator in the state in which
// it found it, so that it draws the same. All throw Raised.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// Around one outermost import.
class ImportDraws {
 public:
  explicit ImportDraws(PyObject* spec);
  void finish();  // notes the module if the generator has moved

 private:
  Ref name_;
  Ref before_;  // null if random was not loaded yet
};

// random itself has just been loaded.
void note_new_random();

Ref import_draws();                                // [(module name, state before)]
void draw_again(PyObject* draws, PyObject* name);  // before `name` is imported

}  // namespace chkpt::heap
