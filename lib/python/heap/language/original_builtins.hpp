// SPDX-License-Identifier: BSD-3-Clause
// Functions that a script has put in the place of builtins are the script's to call: while a state
// is taken, our code and the library code that it calls find the original ones.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// Once, before the script and what it imports. Needs the GIL.
void note_original_builtins();

PyObject* original_builtins();  // borrowed: {name: value}, not to be changed

// {name: value} of what the script has added or put in the place of others.
Ref changed_builtins();

// Needs the GIL. Throws Raised. May be nested.
class OriginalBuiltins {
 public:
  OriginalBuiltins();
  ~OriginalBuiltins();
  OriginalBuiltins(const OriginalBuiltins&) = delete;
  OriginalBuiltins& operator=(const OriginalBuiltins&) = delete;

 private:
  Ref replaced_;  // null: nothing to put back
};

}  // namespace chkpt::heap
