// SPDX-License-Identifier: BSD-3-Clause
// Element.iter() and itertext() of xml.etree in the middle: the way down to where they are. Their
// layout is the same from 3.11 to 3.13, and believed only if a probe confirms it.
#include <Python.h>

#include <new>

#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

struct Step {
  PyObject* element;
  Py_ssize_t child;  // the next one to look at
};

struct ElementIterator {
  PyObject_HEAD Step* steps;
  Py_ssize_t used, room;
  PyObject* root;  // until it has been given
  PyObject* tag;
  int of_text;
};

ElementIterator& as_iterator(PyObject* object) {
  return *reinterpret_cast<ElementIterator*>(object);
}

bool iterator_is_known() {
  static const bool known = [] {
    const Ref tree = import("_elementtree"), root = call_method(tree, "Element", text("a"));
    const Ref child = call_method(tree, "SubElement", root, text("b"));
    const Ref made = call_method(root, "iter");
    const ElementIterator& iterator = as_iterator(made.get());
    const bool fresh =
        Py_TYPE(made.get())->tp_basicsize >= static_cast<Py_ssize_t>(sizeof(ElementIterator)) &&
        iterator.root == root.get() && iterator.tag == Py_None && iterator.used == 0 &&
        iterator.room > 0 && iterator.room < 1000;
    if (!fresh) return false;
    own(PyIter_Next(made.get())), own(PyIter_Next(made.get()));
    return !iterator.root && iterator.used == 2 && iterator.steps[0].element == root.get() &&
           iterator.steps[0].child == 1 && iterator.steps[1].element == child.get() &&
           iterator.steps[1].child == 0 && !iterator.of_text;
  }();
  return known;
}

// (tag, whether texts are given, root or None, [(element, next child)])
Ref rebuild_element_iterator(Args args) {
  if (!iterator_is_known()) broken("iterators of XML elements are laid out in an unknown way");
  const Ref element = args[2] == Py_None
                          ? call_method(import("_elementtree"), "Element", text("none"))
                          : Ref::borrow(args[2]);
  Ref made = call_method(element, "iter", Ref::borrow(args[0]));
  ElementIterator& iterator = as_iterator(made.get());
  iterator.of_text = is_true(args[1]) ? 1 : 0;
  if (args[2] == Py_None) Py_CLEAR(iterator.root);
  const Py_ssize_t count = PyList_GET_SIZE(args[3]);
  if (count > iterator.room) {
    auto* steps = static_cast<Step*>(
        PyMem_Realloc(iterator.steps, static_cast<std::size_t>(count) * sizeof(Step)));
    if (!steps) throw std::bad_alloc();
    iterator.steps = steps;
    iterator.room = count;
  }
  for (; iterator.used < count; ++iterator.used) {
    PyObject* step = PyList_GET_ITEM(args[3], iterator.used);
    iterator.steps[iterator.used] = {Py_NewRef(item(step, 0)),
                                     static_cast<Py_ssize_t>(integer(item(step, 1)))};
  }
  return made;
}
const Rebuilder make_element_iterator{"xml.iterator", guarded<rebuild_element_iterator>};

}  // namespace

Ref reduce_element_iterator(Saver&, PyObject* object, Rule&) {
  if (!iterator_is_known()) refuse("an iterator of XML elements of another kind");
  const ElementIterator& iterator = as_iterator(object);
  const Ref steps = new_list();
  for (Py_ssize_t i = 0; i < iterator.used; ++i)
    append(steps, pack(iterator.steps[i].element, number(iterator.steps[i].child)));
  return reduced(make_element_iterator, pack(iterator.tag, boolean(iterator.of_text != 0),
                                             iterator.root ? iterator.root : Py_None, steps));
}

}  // namespace chkpt::heap
