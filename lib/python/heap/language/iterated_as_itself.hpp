// SPDX-License-Identifier: BSD-3-Clause
// zip(), enumerate(), itertools and the like ask what they are made of for an iterator. When they
// are made again that is an iterator already; a class of the script must not be asked, because its
// __iter__ has run, and while a state is loaded it would find objects and modules half filled.
#pragma once

#include "python/ref.hpp"

#include <vector>

namespace chkpt::heap {

// While it lives, objects of the classes of those added are their own iterators.
class IteratedAsItself {
 public:
  IteratedAsItself() = default;
  explicit IteratedAsItself(PyObject* source) { add(source); }
  ~IteratedAsItself();
  IteratedAsItself(const IteratedAsItself&) = delete;
  IteratedAsItself& operator=(const IteratedAsItself&) = delete;

  void add(PyObject* source);
  void add_all(PyObject* arguments);  // of a tuple

 private:
  struct Kept {
    PyTypeObject* type;
    getiterfunc iter;
    iternextfunc next;
  };
  std::vector<Kept> kept_;
};

// A reduce value `type(*arguments)` or `iter(sequence)` of an iterator written in C: made again in
// this way if one of its arguments has an __iter__ of its own. Other values stay as they are.
Ref made_from_iterators(const Ref& reduce_value, PyTypeObject* type);

}  // namespace chkpt::heap
