// SPDX-License-Identifier: BSD-3-Clause
// list(), tuple(), set(), frozenset(), dict(), str.join(), list.extend(), set.update() over an
// iterator, and what sorted() collects. Items are taken by the interpreter's own list.extend() and
// set.update(): what they have added is in the container whenever Python code runs.
#include "python/frames/shim.hpp"

#include "python/frames/native/stand_ins.hpp"

namespace chkpt::frames {
namespace {

ReplacedFunction replaced_join, replaced_extend, replaced_update;
vectorcallfunc original_list = nullptr, original_tuple = nullptr, original_set = nullptr,
               original_frozenset = nullptr, original_dict = nullptr;

bool is_set(Collect what) {
  return what == Collect::kSet || what == Collect::kFrozenset || what == Collect::kUpdate;
}

class Collector final : public NativeFrame {
 public:
  Collector(Collect what, const void* of, PyObject* container, PyObject* iterator, PyObject* extra)
      : NativeFrame(kCollectCode, of),
        what_(what),
        container_(Ref::borrow(container)),
        iterator_(Ref::borrow(iterator)),
        extra_(Ref::borrow(extra)) {}

  PyObject* state() const override {
    return collector_state(what_, container_.get(), iterator_.get(), extra_.get());
  }

  // Takes the rest; whether all went well.
  bool run() {
    await(Awaits::kItem, iterator_.get());
    PyObject* const iterator = iterator_.get();
    const Ref done =
        Ref::steal(is_set(what_) ? add_to_set(iterator)
                                 : replaced_extend.original(container_.get(), iterator));
    await(Awaits::kUnknown, nullptr);
    return bool(done);
  }

 private:
  PyObject* add_to_set(PyObject* iterator) {
    if (replaced_update.definition()->ml_flags & METH_FASTCALL)
      return replaced_update.original(container_.get(), &iterator, 1);
    const Ref arguments = Ref::steal(PyTuple_Pack(1, iterator));
    return arguments ? replaced_update.original(container_.get(), arguments.get()) : nullptr;
  }

  Collect what_;
  Ref container_, iterator_, extra_;
};

// A set in which nobody can have looked for it by its hash yet.
PyObject* freeze(const Ref& set) {
  Py_SET_TYPE(set.get(), &PyFrozenSet_Type);
  return set.new_ref();
}

PyObject* finish(Collect what, const Ref& container, PyObject* extra) {
  switch (what) {
    case Collect::kList:
    case Collect::kSet:
      return container.new_ref();
    case Collect::kTuple:
      return PyList_AsTuple(container.get());
    case Collect::kFrozenset:
      return freeze(container);
    case Collect::kJoin:
      return replaced_join.original(extra, container.get());
    case Collect::kSorted:
      return sort_collected(container, extra);
    case Collect::kExtend:
    case Collect::kUpdate:
      break;
  }
  return Py_NewRef(Py_None);
}

const void* identity_of(Collect what) {
  switch (what) {
    case Collect::kList:
      return &PyList_Type;
    case Collect::kTuple:
      return &PyTuple_Type;
    case Collect::kSet:
      return &PySet_Type;
    case Collect::kFrozenset:
      return &PyFrozenSet_Type;
    case Collect::kJoin:
      return replaced_join.definition();
    case Collect::kExtend:
      return replaced_extend.definition();
    case Collect::kUpdate:
      return replaced_update.definition();
    case Collect::kSorted:
      break;
  }
  return identity_of_sorted();
}

PyObject* collect(Collect what, const Ref& container, PyObject* iterator, PyObject* extra) {
  if (!container) return nullptr;
  {
    Collector frame(what, identity_of(what), container.get(), iterator, extra);
    if (!frame.run()) return nullptr;
  }
  return finish(what, container, extra);
}

bool add(Collect what, PyObject* container, const Ref& item) {
  return (is_set(what) ? PySet_Add(container, item.get()) : PyList_Append(container, item.get())) ==
         0;
}

PyObject* collector_goes_on(Ref state, PyObject* result) {
  Ref item = Ref::steal(result);
  int number = 0;
  PyObject *container = nullptr, *iterator = nullptr, *extra = nullptr;
  if (!PyArg_ParseTuple(state.get(), "iOOO", &number, &container, &iterator, &extra))
    return nullptr;
  const auto what = static_cast<Collect>(number);
  const Ref held = Ref::borrow(container), rest = Ref::borrow(iterator), more = Ref::borrow(extra);
  state.reset();
  if (!item) return has_ended() ? finish(what, held, more.get()) : nullptr;
  if (!add(what, container, item)) return nullptr;
  item.reset();
  return collect(what, held, rest.get(), more.get());
}

// ---- what is called: classes by their tp_vectorcall

bool is_one_iterator(PyObject* const* arguments, std::size_t count, PyObject* names) {
  return PyVectorcall_NARGS(count) == 1 && !names && is_collected_here(arguments[0]) &&
         on_main_thread();
}

template <Collect what>
PyObject* list_like(vectorcallfunc original, PyObject* type, PyObject* const* arguments,
                    std::size_t count, PyObject* names) {
  if (!is_one_iterator(arguments, count, names)) return original(type, arguments, count, names);
  return collect(what, Ref::steal(is_set(what) ? PySet_New(nullptr) : PyList_New(0)), arguments[0],
                 Py_None);
}

PyObject* make_list(PyObject* type, PyObject* const* arguments, std::size_t count,
                    PyObject* names) {
  return list_like<Collect::kList>(original_list, type, arguments, count, names);
}
PyObject* make_tuple(PyObject* type, PyObject* const* arguments, std::size_t count,
                     PyObject* names) {
  return list_like<Collect::kTuple>(original_tuple, type, arguments, count, names);
}
PyObject* make_set(PyObject* type, PyObject* const* arguments, std::size_t count, PyObject* names) {
  return list_like<Collect::kSet>(original_set, type, arguments, count, names);
}
PyObject* make_frozenset(PyObject* type, PyObject* const* arguments, std::size_t count,
                         PyObject* names) {
  return list_like<Collect::kFrozenset>(original_frozenset, type, arguments, count, names);
}

// ---- methods

PyObject* join(PyObject* separator, PyObject* iterable) {
  if (!is_collected_here(iterable) || !on_main_thread())
    return replaced_join.original(separator, iterable);
  return collect(Collect::kJoin, Ref::steal(PyList_New(0)), iterable, separator);
}

PyObject* extend(PyObject* list, PyObject* iterable) {
  if (!is_collected_here(iterable) || !on_main_thread())
    return replaced_extend.original(list, iterable);
  return collect(Collect::kExtend, Ref::borrow(list), iterable, Py_None);
}

PyObject* update_with_tuple(PyObject* set, PyObject* arguments) {
  if (PyTuple_GET_SIZE(arguments) == 1) {
    PyObject* iterable = PyTuple_GET_ITEM(arguments, 0);
    if (is_collected_here(iterable) && on_main_thread())
      return collect(Collect::kUpdate, Ref::borrow(set), iterable, Py_None);
  }
  return replaced_update.original(set, arguments);
}

PyObject* update_with_array(PyObject* set, PyObject* const* arguments, Py_ssize_t count) {
  if (count == 1 && is_collected_here(arguments[0]) && on_main_thread())
    return collect(Collect::kUpdate, Ref::borrow(set), arguments[0], Py_None);
  return replaced_update.original(set, arguments, count);
}

// ---- dict: MergeFromSeq2() of CPython's Objects/dictobject.c

class DictCollector final : public NativeFrame {
 public:
  DictCollector(PyObject* dict, PyObject* iterator, Py_ssize_t count)
      : NativeFrame(kDictCode, &PyDict_Type),
        dict_(Ref::borrow(dict)),
        iterator_(Ref::borrow(iterator)),
        count_(count) {}

  PyObject* state() const override {
    return Py_BuildValue("(OOn)", dict_.get(), iterator_.get(), count_);
  }

  PyObject* run() { return run(next(iterator_.get())); }

  PyObject* run(PyObject* item) {
    for (; item; item = next(iterator_.get())) {
      if (!add(Ref::steal(item))) return nullptr;
      ++count_;
    }
    return has_ended() ? dict_.new_ref() : nullptr;
  }

 private:
  bool add(const Ref& item) {
    const Ref pair = Ref::steal(PySequence_Fast(item.get(), ""));
    if (!pair) {
      if (PyErr_ExceptionMatches(PyExc_TypeError))
        PyErr_Format(PyExc_TypeError,
                     "cannot convert dictionary update sequence element #%zd to a sequence",
                     count_);
      return false;
    }
    const Py_ssize_t size = PySequence_Fast_GET_SIZE(pair.get());
    if (size != 2) {
      PyErr_Format(PyExc_ValueError,
                   "dictionary update sequence element #%zd has length %zd; 2 is required", count_,
                   size);
      return false;
    }
    const Ref key = Ref::borrow(PySequence_Fast_GET_ITEM(pair.get(), 0));
    const Ref value = Ref::borrow(PySequence_Fast_GET_ITEM(pair.get(), 1));
    return PyDict_SetItem(dict_.get(), key.get(), value.get()) == 0;
  }

  Ref dict_, iterator_;
  Py_ssize_t count_;
};

PyObject* make_dict(PyObject* type, PyObject* const* arguments, std::size_t count,
                    PyObject* names) {
  if (!is_one_iterator(arguments, count, names))
    return original_dict(type, arguments, count, names);
  const Ref dict = Ref::steal(PyDict_New());
  return dict ? DictCollector(dict.get(), arguments[0], 0).run() : nullptr;
}

PyObject* dict_goes_on(Ref state, PyObject* result) {
  PyObject *dict = nullptr, *iterator = nullptr;
  Py_ssize_t count = 0;
  if (!PyArg_ParseTuple(state.get(), "OOn", &dict, &iterator, &count)) return damaged(result);
  DictCollector frame(dict, iterator, count);
  state.reset();
  return frame.run(result);
}

void replace_call(PyTypeObject& type, vectorcallfunc* original, vectorcallfunc stand_in) {
  if (!type.tp_vectorcall) return;
  *original = type.tp_vectorcall;
  type.tp_vectorcall = stand_in;
}

}  // namespace

const NativeCode kCollectCode{"collect", collector_goes_on};
const NativeCode kDictCode{"dict", dict_goes_on};

PyObject* collector_state(Collect what, PyObject* container, PyObject* iterator, PyObject* extra) {
  return Py_BuildValue("(iOOO)", static_cast<int>(what), container, iterator, extra);
}

bool is_collected_here(PyObject* iterable) {
  PyTypeObject* type = Py_TYPE(iterable);
  return type == &PyGen_Type || type == &PyMap_Type || type == &PyFilter_Type ||
         type == &PyZip_Type || type == &PyEnum_Type;
}

PyObject* collect_sorted(PyObject* iterator, PyObject* key_and_reverse) {
  return collect(Collect::kSorted, Ref::steal(PyList_New(0)), iterator, key_and_reverse);
}

void stand_in_for_collectors() {
  auto* const list = reinterpret_cast<PyObject*>(&PyList_Type);
  replaced_extend.replace(list, "extend", METH_O, as_c_function(extend));
  auto* const text = reinterpret_cast<PyObject*>(&PyUnicode_Type);
  replaced_join.replace(text, "join", METH_O, as_c_function(join));
  auto* const set = reinterpret_cast<PyObject*>(&PySet_Type);
  replaced_update.replace(set, "update", METH_VARARGS, as_c_function(update_with_tuple));
  replaced_update.replace(set, "update", METH_FASTCALL, as_c_function(update_with_array));
  if (!replaced_extend.definition() || !replaced_update.definition())
    throw PythonError(
        "list.extend() or set.update() of this Python takes its arguments in an unknown way");
  replace_call(PyList_Type, &original_list, make_list);
  replace_call(PyTuple_Type, &original_tuple, make_tuple);
  replace_call(PySet_Type, &original_set, make_set);
  replace_call(PyFrozenSet_Type, &original_frozenset, make_frozenset);
  replace_call(PyDict_Type, &original_dict, make_dict);
}

}  // namespace chkpt::frames
