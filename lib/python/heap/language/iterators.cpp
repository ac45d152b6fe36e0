// SPDX-License-Identifier: BSD-3-Clause
// Iterators and views that the standard library does not reduce exactly: a dict iterator must go
// on in the same dict, so that a change during the iteration is still seen.
#include <Python.h>

#include <algorithm>

#include "python/frames/objects.hpp"
#include "python/frames/stack.hpp"
#include "python/heap/call.hpp"
#include "python/heap/hashing.hpp"
#include "python/heap/loader.hpp"
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
// What is passed is counted in entries: the dict must be filled, and sys.modules in its order.
Ref fill_dict_iterator(Args args) {
  Loader::current().afterwards([it = Ref::borrow(args[0]), state = Ref::borrow(args[1])] {
    ok(frames::dict_iter_set(it.get(), state.get()));
  });
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

// list.__setstate__ would cut the position to the length of a list that is not filled yet, which it
// is not when the iterator hangs on one of the list's own items.
Ref rebuild_list_iterator(Args args) {
  const Ref empty = new_list();
  return is_true(args[0]) ? call(raw(&PyReversed_Type), empty) : own(PyObject_GetIter(empty.get()));
}
const Rebuilder make_list_iterator{"list_iterator", guarded<rebuild_list_iterator>};
Ref fill_list_iterator(Args args) {
  ok(frames::list_iter_set(args[0], args[1]));
  return none();
}
const Rebuilder set_list_iterator{"list_iterator.state", guarded<fill_list_iterator>};
Ref reduce_list_iterator(Saver&, PyObject* iterator, Rule& rule) {
  return reduced(make_list_iterator, pack(boolean(rule.type == &PyListRevIter_Type)),
                 own(frames::list_iter_get(iterator)), set_list_iterator);
}

Ref rebuild_set_iterator(Args) { return own(PyObject_GetIter(own(PySet_New(nullptr)).get())); }
const Rebuilder make_set_iterator{"set_iterator", guarded<rebuild_set_iterator>};
Ref fill_set_iterator(Args args) {
  Loader::current().afterwards([it = Ref::borrow(args[0]), state = Ref::borrow(args[1])] {
    ok(PyList_Check(state.get()) ? frames::set_iter_set_rest(it.get(), state.get())
                                 : frames::set_iter_set(it.get(), state.get()));
  });
  return none();
}
const Rebuilder set_set_iterator{"set_iterator.state", guarded<fill_set_iterator>};

// A set of objects that hash by their addresses lies in another order in the new process: of an
// iterator of such a one, what is left is kept: of one that has nothing left, that of an empty set.
Ref reduce_set_iterator(Saver&, PyObject* iterator, Rule&) {
  const Ref place = own(frames::set_iter_get(iterator));
  PyObject* set = item(place, 0);
  if (set == Py_None || set_keeps_order(set))
    return reduced(make_set_iterator, pack(), place, set_set_iterator);
  Ref rest = own(frames::set_iter_rest(iterator));
  if (PyList_GET_SIZE(rest.get()) == 0) {
    const Ref zero = number(0);
    rest = pack(own(PySet_New(nullptr)), zero, zero, zero);
  }
  return reduced(make_set_iterator, pack(), rest, set_set_iterator);
}

// ---- iterators of deques and ordered dicts can only be made of a filled container: when all is
// loaded, a placeholder changes bodies with the real one

void become(PyObject* placeholder, PyObject* iterator) {
  if (Py_TYPE(placeholder) != Py_TYPE(iterator)) broken("an iterator has become another kind");
  auto* a = reinterpret_cast<char*>(placeholder);
  auto* b = reinterpret_cast<char*>(iterator);
  std::swap_ranges(a + sizeof(PyObject), a + Py_TYPE(placeholder)->tp_basicsize,
                   b + sizeof(PyObject));
}

// The private layouts of deques and their iterators, the same from 3.5 to 3.13: both count changes.
struct DequeHead {
  PyObject_VAR_HEAD void *left_block, *right_block;
  Py_ssize_t left_index, right_index;
  std::size_t state;
};
struct DequeIterator {
  PyObject_HEAD void* block;
  Py_ssize_t index;
  DequeHead* deque;
  std::size_t state;
  Py_ssize_t counter;
};
DequeIterator& as_deque_iterator(PyObject* iterator) {
  if (Py_TYPE(iterator)->tp_basicsize != sizeof(DequeIterator))
    refuse("an iterator of another kind");
  return *reinterpret_cast<DequeIterator*>(iterator);
}

Ref rebuild_deque_iterator(Args args) {
  return call(args[0], call(attr(import("_collections"), "deque")));
}
const Rebuilder make_deque_iterator{"deque_iterator", guarded<rebuild_deque_iterator>};
// (iterator, (deque, number of items passed, whether the deque has changed since))
Ref fill_deque_iterator(Args args) {
  Loader::current().afterwards([it = Ref::borrow(args[0]), state = Ref::borrow(args[1])] {
    become(it.get(), call(raw(Py_TYPE(it.get())), item(state, 0), item(state, 1)).get());
    if (PyTuple_GET_SIZE(state.get()) > 2 && is_true(item(state, 2)))
      --as_deque_iterator(it.get()).state;
  });
  return none();
}
const Rebuilder set_deque_iterator{"deque_iterator.state", guarded<fill_deque_iterator>};

// The private layout of iterators of ordered dicts, the same from 3.5 to 3.13.
struct OrderedIterator {
  PyObject_HEAD int kind;
  PyObject* dict;
  Py_ssize_t size;
  std::size_t version;
  PyObject *next_key, *result;
};
OrderedIterator& as_ordered(PyObject* iterator) {
  return *reinterpret_cast<OrderedIterator*>(iterator);
}

Ref ordered_iterator(PyObject* dict, long long kind) {
  const bool keys = kind & 2, values = kind & 4;
  const char* method = keys && values ? "items" : values ? "values" : "keys";
  const Ref view = call_method(raw(&PyODict_Type), method, dict);
  return kind & 1 ? call(raw(&PyReversed_Type), view) : own(PyObject_GetIter(view.get()));
}

Ref rebuild_ordered_iterator(Args args) {
  Ref iterator = ordered_iterator(call(raw(&PyODict_Type)).get(), integer(args[0]));
  if (args.count > 1) Ref::steal(PyIter_Next(iterator.get()));  // it has ended
  return iterator;
}
const Rebuilder make_ordered_iterator{"odict_iterator", guarded<rebuild_ordered_iterator>};
// (iterator, (dict, kind, next key or null, whether the dict has changed since))
Ref fill_ordered_iterator(Args args) {
  Loader::current().afterwards([it = Ref::borrow(args[0]), state = Ref::borrow(args[1])] {
    become(it.get(), ordered_iterator(item(state, 0), integer(item(state, 1))).get());
    OrderedIterator& iterator = as_ordered(it.get());
    PyObject* key = item(state, 2);
    Py_XSETREF(iterator.next_key, key == frames::null_marker() ? nullptr : Py_NewRef(key));
    if (is_true(item(state, 3))) --iterator.version;
  });
  return none();
}
const Rebuilder set_ordered_iterator{"odict_iterator.state", guarded<fill_ordered_iterator>};

Ref reduce_ordered_iterator(Saver&, PyObject* object, Rule& rule) {
  const OrderedIterator& iterator = as_ordered(object);
  if (rule.type->tp_basicsize != sizeof(OrderedIterator)) refuse("an iterator of another kind");
  if (!iterator.dict) return reduced(make_ordered_iterator, pack(number(iterator.kind), none()));
  const Ref fresh = ordered_iterator(iterator.dict, iterator.kind);
  const OrderedIterator& now = as_ordered(fresh.get());
  const bool changed = now.version != iterator.version || now.size != iterator.size;
  PyObject* key = iterator.next_key ? iterator.next_key : frames::null_marker();
  if (!changed && iterator.next_key && ok(PyDict_Contains(iterator.dict, key)) == 0)
    refuse("an iterator of another kind");
  return reduced(make_ordered_iterator, pack(number(iterator.kind)),
                 pack(iterator.dict, number(iterator.kind), key, boolean(changed)),
                 set_ordered_iterator);
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

Ref reduce_deque_iterator(Saver&, PyObject* iterator, Rule& rule) {
  const Ref value = call_method(iterator, "__reduce__");
  PyObject *deque = item(item(value, 1), 0), *passed = item(item(value, 1), 1);
  const DequeIterator& place = as_deque_iterator(iterator);
  const bool changed = place.state != place.deque->state;
  return reduced(make_deque_iterator, pack(rule.type),
                 pack(deque, changed ? number(0) : Ref::borrow(passed), boolean(changed)),
                 set_deque_iterator);
}

void add_iterator_types(ExactTypes& types) {
  for (const View& view : kViews) types[view.iterator] = reduce_dict_iterator;
  for (PyTypeObject* view : {&PyDictKeys_Type, &PyDictValues_Type, &PyDictItems_Type,
                             &PyODictKeys_Type, &PyODictValues_Type, &PyODictItems_Type})
    types[view] = reduce_view;
  types[&PyDictProxy_Type] = reduce_mapping_proxy;
  types[&PyListIter_Type] = reduce_list_iterator;
  types[&PyListRevIter_Type] = reduce_list_iterator;
  types[&PySetIter_Type] = reduce_set_iterator;
  types[&PyODictIter_Type] = reduce_ordered_iterator;
}

}  // namespace chkpt::heap
