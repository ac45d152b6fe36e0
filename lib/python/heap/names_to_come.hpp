// SPDX-License-Identifier: BSD-3-Clause
// While a load imports modules again, those of the script that go by value are still empty. An
// extension module that takes names from one (`from helpers import smooth`) gets stand-ins; when
// everything is loaded, what the names stand for takes their places in the module's own names and
// variables. Whoever does more with a stand-in than to keep it gets an ImportError.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

class NamesToCome {
 public:
  // `names`: {module: [name]} of the modules that are empty. Throws Raised.
  explicit NamesToCome(PyObject* names);
  ~NamesToCome();  // from now on nobody gets another one
  NamesToCome(const NamesToCome&) = delete;
  NamesToCome& operator=(const NamesToCome&) = delete;

 private:
  Ref modules_ = {};
};

// Whether this is what a module has meanwhile to give them out.
bool gives_stand_ins(PyObject* object);
// Whether the object is a stand-in, which needs no look at what is not an object.
bool is_to_come(const void* object);
// What its name stands for by now. Throws Raised.
Ref what_has_come(const void* stand_in);

}  // namespace chkpt::heap
