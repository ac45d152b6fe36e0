// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/fill_order.hpp"

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

// Not into what everybody leads to, nor into what runs: no hash is made of those, and frames that
// run are filled later.
bool leads_on(PyObject* object) {
  return PyObject_IS_GC(object) && !PyType_Check(object) && !PyModule_Check(object) &&
         !PyFunction_Check(object) && !PyCFunction_Check(object) && !PyFrame_Check(object) &&
         !PyGen_Check(object) && !PyCoro_CheckExact(object) && !PyAsyncGen_CheckExact(object);
}

}  // namespace

void FillOrder::add(PyObject* container, PyObject* keys, std::function<void()> fill) {
  containers_.push_back(Ref::borrow(container));
  unfilled_[container] = {Ref::borrow(keys), std::move(fill)};
}

void FillOrder::fill_all() {
  for (const Ref& container : containers_) visit(container.get());
}

// Without recursion: what leads to what may be a long chain.
void FillOrder::visit(PyObject* first) {
  steps_.push_back({Ref::borrow(first), false});
  while (!steps_.empty()) {
    const Step step = std::move(steps_.back());
    steps_.pop_back();
    if (step.is_left)
      unfilled_.at(step.object.get()).fill();
    else if (visited_.insert(step.object.get(), true))
      enter(step.object.get());
  }
}

void FillOrder::enter(PyObject* object) {
  const auto found = unfilled_.find(object);
  if (found != unfilled_.end()) {
    steps_.push_back({Ref::borrow(object), true});
    steps_.push_back({found->second.keys, false});
  }
  // A frozenset among them is what a __hash__ looks into, rather than all else that is there: last
  // on the stack, so first.
  const std::vector<PyObject*> all = referents(object);
  for (const bool frozen : {false, true})
    for (PyObject* next : all)
      if (frozen == (PyFrozenSet_Check(next) != 0) && leads_on(next) && !visited_.find(next))
        steps_.push_back({Ref::borrow(next), false});
}

}  // namespace chkpt::heap
