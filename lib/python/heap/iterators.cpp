// SPDX-License-Identifier: BSD-3-Clause
// Iterators and views that the standard library does not reduce exactly: a dict iterator must go
// on in the same dict, so that a change during the iteration is still seen.
#include <Python.h>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

struct View {
  PyTypeObject* iterator;
  PyTypeObject* view;
  const char* method;
  bool reverse;
};
const View kViews[] = {{&PyDictIterKey_Type, &PyDictKeys_Type, "keys", false},
                       {&PyDictIterValue_Type, &PyDictValues_Type, "values", false},
                       {&PyDictIterItem_Type, &PyDictItems_Type, "items", false},
                       {&PyDictRevIterKey_Type, nullptr, "keys", true},
                       {&PyDictRevIterValue_Type, nullptr, "values", true},
                       {&PyDictRevIterItem_Type, nullptr, "items", true}};

const char* view_method(PyTypeObject* view) {
  if (view == &PyDictKeys_Type || view == &PyODictKeys_Type) return "keys";
  if (view == &PyDictValues_Type || view == &PyODictValues_Type) return "values";
  return "items";
}

Ref rebuild_dict_iterator(Args args) {
  const Ref view = call_method(new_dict(), utf8(args[0]).c_str());
  if (!is_true(args[1])) return own(PyObject_GetIter(view.get()));
  return call(raw(&PyReversed_Type), view);
}
const Rebuilder make_dict_iterator{"dict_iterator", guarded<rebuild_dict_iterator>};
Ref fill_dict_iterator(Args args) {
  ok(frames::dict_iter_set(args[0], args[1]));
  return none();
}
const Rebuilder set_dict_iterator{"dict_iterator.state", guarded<fill_dict_iterator>};

Ref reduce_dict_iterator(Saver&, PyObject* iterator, Rule& rule) {
  for (const View& view : kViews)
    if (view.iterator == rule.type)
      return reduced(make_dict_iterator, pack(text(view.method), boolean(view.reverse)),
                     own(frames::dict_iter_get(iterator)), set_dict_iterator);
  return not_implemented();
}

Ref rebuild_view(Args args) {
  // The unbound method: the dict's class may override it.
  const Ref owner = PyODict_Check(args[1]) ? Ref::borrow(&PyODict_Type) : Ref::borrow(&PyDict_Type);
  return call_method(owner, utf8(args[0]).c_str(), args[1]);
}
const Rebuilder make_view{"dict_view", guarded<rebuild_view>};
Ref reduce_view(Saver&, PyObject* view, Rule& rule) {
  return reduced(make_view, pack(text(view_method(rule.type)), own(frames::view_dict(view))));
}

Ref rebuild_mapping_proxy(Args args) { return own(PyDictProxy_New(args[0])); }
const Rebuilder make_mapping_proxy{"mappingproxy", guarded<rebuild_mapping_proxy>};

int keep_first(PyObject* object, void* found) {
  auto** first = static_cast<PyObject**>(found);
  if (!*first) *first = object;
  return 0;
}
PyObject* first_referent(PyObject* object) {
  PyObject* found = nullptr;
  Py_TYPE(object)->tp_traverse(object, keep_first, &found);
  return found;
}

// The dict behind SomeClass.__dict__ belongs to the class: the class is what is saved.
Ref rebuild_class_dict(Args args) { return attr(args[0], "__dict__"); }
const Rebuilder make_class_dict{"class_dict", guarded<rebuild_class_dict>};

Ref reduce_mapping_proxy(Saver& saver, PyObject* proxy, Rule&) {
  PyObject* mapping = first_referent(proxy);
  if (PyTypeObject* owner = saver.namespaces().owner_of(mapping))
    return reduced(make_class_dict, pack(owner));
  return reduced(make_mapping_proxy, pack(mapping));
}

}  // namespace

void add_iterator_types(ExactTypes& types) {
  for (const View& view : kViews) types[view.iterator] = reduce_dict_iterator;
  for (PyTypeObject* view : {&PyDictKeys_Type, &PyDictValues_Type, &PyDictItems_Type,
                             &PyODictKeys_Type, &PyODictValues_Type, &PyODictItems_Type})
    types[view] = reduce_view;
  types[&PyDictProxy_Type] = reduce_mapping_proxy;
}

}  // namespace chkpt::heap
