// SPDX-License-Identifier: BSD-3-Clause
// The order in which sets and dicts are filled at the end of a load: each after those that its keys
// lead to, for a __hash__ in Python may look into what its object has. Where they lead to each
// other, as they come.
#pragma once

#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "python/heap/pointer_table.hpp"
#include "python/ref.hpp"

namespace chkpt::heap {

class FillOrder {
 public:
  // `keys`: something that leads to them.
  void add(PyObject* container, PyObject* keys, std::function<void()> fill);
  // Calls each fill once. Needs the GIL; throws what they throw.
  void fill_all();

 private:
  struct Unfilled {
    Ref keys;
    std::function<void()> fill;
  };
  struct Step {
    Ref object;
    bool is_left;  // all that it leads to has been visited
  };
  void visit(PyObject* first);
  void enter(PyObject* object);

  std::vector<Ref> containers_;  // as they were added
  std::unordered_map<PyObject*, Unfilled> unfilled_;
  PointerTable<bool> visited_;
  std::vector<Step> steps_;
};

}  // namespace chkpt::heap
