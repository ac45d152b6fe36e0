// SPDX-License-Identifier: BSD-3-Clause
// Where a name has led to two library modules one after the other: which of them the imports of a
// resume make. What imports make holds nothing of a module that they do not make: so where a
// library module has something of the first one the second goes by value, and so does whatever was
// made of that one. All need the GIL and throw Raised.
#pragma once

#include "python/ref.hpp"

#include <utility>
#include <vector>

#include "python/heap/pointer_table.hpp"

namespace chkpt::heap {

class MadeOfModules {
 public:
  // `module` is in sys.modules; `first` is null if an import would make neither. All are borrowed.
  void add(PyObject* name, PyObject* module, PyObject* first, bool by_value);
  // `may_go` says of another module of a library whether it may go by value.
  void settle(bool (*may_go)(PyObject* name, PyObject* module));
  // [(name, module, first | ...)] of those that go by value.
  Ref copies() const;

 private:
  struct Candidate {
    PyObject* name;
    PyObject* module;
    PyObject* first;
    bool by_value;
  };
  struct Owner {
    int index = -1;
    bool is_first = false;
  };
  void own_contents(PyObject* module, PyObject* other, Owner owner);
  Owner owner_of(PyObject* value);
  bool is_of_copies(PyObject* module, int itself);
  void look_at_candidate(int index);
  std::vector<std::pair<PyObject*, PyObject*>> others();

  std::vector<Candidate> candidates_;
  PointerTable<Owner> owners_;  // of modules, their namespaces and their classes
  bool news_ = false;           // since all were looked at
};

}  // namespace chkpt::heap
