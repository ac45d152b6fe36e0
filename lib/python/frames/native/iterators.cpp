// SPDX-License-Identifier: BSD-3-Clause
// The next item of map(), filter(), zip() and enumerate() over iterators that run Python code. The
// steps are those of CPython's Python/bltinmodule.c and Objects/enumobject.c.
#include "python/frames/shim.hpp"

#include "python/frames/native/stand_ins.hpp"

#include <utility>

namespace chkpt::frames {
namespace {

// The same from 3.11 to 3.13.
struct MapObject {
  PyObject ob_base;
  PyObject* iterators;  // tuple
  PyObject* function;
};
struct FilterObject {
  PyObject ob_base;
  PyObject* function;
  PyObject* iterator;
};
struct ZipObject {
  PyObject ob_base;
  Py_ssize_t size;
  PyObject* iterators;  // tuple
  PyObject* result;
  int strict;
};
struct EnumerateObject {
  PyObject ob_base;
  Py_ssize_t index;
  PyObject* iterator;
  PyObject* result;
  PyObject* long_index;
};

iternextfunc original_map = nullptr, original_filter = nullptr, original_zip = nullptr,
             original_enumerate = nullptr;

// Items taken so far from several iterators: owned, the last may be missing (the end).
class Items {
 public:
  static constexpr Py_ssize_t kMost = 8;

  Items() = default;
  Items(Items&& other) noexcept : count_(std::exchange(other.count_, 0)) {
    for (Py_ssize_t i = 0; i < count_; ++i) items_[i] = other.items_[i];
  }
  ~Items() {
    for (Py_ssize_t i = 0; i < count_; ++i) Py_XDECREF(items_[i]);
  }
  Items& operator=(const Items&) = delete;

  void add(PyObject* item) { items_[count_++] = item; }  // steals
  // From a tuple; whether there is room for them and one more.
  bool add_all(PyObject* tuple) {
    if (PyTuple_GET_SIZE(tuple) >= kMost) return false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i)
      add(Py_NewRef(PyTuple_GET_ITEM(tuple, i)));
    return true;
  }
  Py_ssize_t count() const { return count_; }
  PyObject* const* data() const { return items_; }
  PyObject* give(Py_ssize_t i) { return std::exchange(items_[i], nullptr); }

  PyObject* as_tuple() const {
    PyObject* tuple = PyTuple_New(count_);
    for (Py_ssize_t i = 0; tuple && i < count_; ++i)
      PyTuple_SET_ITEM(tuple, i, Py_NewRef(items_[i]));
    return tuple;
  }

 private:
  PyObject* items_[kMost];
  Py_ssize_t count_ = 0;
};

// ---- map

class Map final : public NativeFrame {
 public:
  explicit Map(PyObject* map) : NativeFrame(kMapCode, map), map_(Ref::borrow(map)) {}

  // (map, items so far); all of them: the function is running.
  PyObject* state() const override {
    return Py_BuildValue("(ON)", map_.get(), items.as_tuple());
  }

  PyObject* run() {
    const auto* map = reinterpret_cast<MapObject*>(map_.get());
    const Py_ssize_t size = PyTuple_GET_SIZE(map->iterators);
    while (items.count() < size) {
      PyObject* item = next(PyTuple_GET_ITEM(map->iterators, items.count()));
      if (!item) return nullptr;
      items.add(item);
    }
    return call(map->function, items.data(), static_cast<std::size_t>(size));
  }

  Items items;

 private:
  Ref map_;
};

PyObject* next_of_map(PyObject* object) {
  const auto* map = reinterpret_cast<MapObject*>(object);
  const Py_ssize_t size = PyTuple_GET_SIZE(map->iterators);
  bool runs = is_python_callable(map->function);
  for (Py_ssize_t i = 0; !runs && i < size; ++i)
    runs = may_run_python(PyTuple_GET_ITEM(map->iterators, i));
  const bool here = runs && size <= Items::kMost && on_main_thread();
  return here ? Map(object).run() : original_map(object);
}

PyObject* map_goes_on(Ref state, PyObject* result) {
  PyObject *map = nullptr, *items = nullptr;
  if (!PyArg_ParseTuple(state.get(), "O!O!", &PyMap_Type, &map, &PyTuple_Type, &items))
    return damaged(result);
  const Py_ssize_t size = PyTuple_GET_SIZE(reinterpret_cast<MapObject*>(map)->iterators);
  if (!result || PyTuple_GET_SIZE(items) == size) return result;
  Map frame(map);
  if (!frame.items.add_all(items)) return damaged(result);
  frame.items.add(result);
  state.reset();
  return frame.run();
}

// ---- filter

class Filter final : public NativeFrame {
 public:
  Filter(PyObject* filter, PyObject* item)
      : NativeFrame(kFilterCode, filter), filter_(Ref::borrow(filter)), item_(Ref::steal(item)) {}

  // (filter, item the function is asked about)
  PyObject* state() const override { return PyTuple_Pack(2, filter_.get(), or_marker(item_)); }

  PyObject* run() { return run(advance()); }

  // Goes on with an item, or with what the function says of the item held.
  PyObject* run(PyObject* result) {
    for (; result; result = advance()) {
      if (!item_) {
        item_ = Ref::steal(result);
        result = verdict();
        if (!result) return nullptr;
      }
      const int accepted = PyObject_IsTrue(result);
      Py_DECREF(result);
      if (accepted > 0) return item_.release();
      if (accepted < 0) return nullptr;
      item_.reset();
    }
    return nullptr;
  }

 private:
  const FilterObject* fields() const { return reinterpret_cast<FilterObject*>(filter_.get()); }
  PyObject* advance() { return next(fields()->iterator); }

  PyObject* verdict() {
    PyObject* function = fields()->function;
    PyObject* const item = item_.get();
    const bool is_test = function == Py_None || function == reinterpret_cast<PyObject*>(&PyBool_Type);
    return is_test ? Py_NewRef(item) : call(function, &item, 1);
  }

  Ref filter_, item_;
};

PyObject* next_of_filter(PyObject* object) {
  const auto* filter = reinterpret_cast<FilterObject*>(object);
  const bool runs = is_python_callable(filter->function) || may_run_python(filter->iterator);
  return runs && on_main_thread() ? Filter(object, nullptr).run() : original_filter(object);
}

PyObject* filter_goes_on(Ref state, PyObject* result) {
  PyObject *filter = nullptr, *item = nullptr;
  if (!PyArg_ParseTuple(state.get(), "O!O", &PyFilter_Type, &filter, &item)) return damaged(result);
  Filter frame(filter, Py_XNewRef(unmarked(item)));
  state.reset();
  return frame.run(result);
}

// ---- items that are there already, handed to the interpreter's own code by stand-in iterators

class Ready {
 public:
  explicit Ready(Items items) : items_(std::move(items)), outer_(current) { current = this; }
  ~Ready() { current = outer_; }
  Ready(const Ready&) = delete;
  Ready& operator=(const Ready&) = delete;

  static PyObject* iterator() {
    static PyTypeObject type = {PyVarObject_HEAD_INIT(nullptr, 0)};
    static PyObject* const made = [] {
      type.tp_name = "chkpt.ready";
      type.tp_basicsize = sizeof(PyObject);
      type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION;
      type.tp_iter = PyObject_SelfIter;
      type.tp_iternext = [](PyObject*) { return current->items_.give(current->given_++); };
      return PyType_Ready(&type) < 0 ? nullptr : PyObject_New(PyObject, &type);
    }();
    return made;
  }

 private:
  static Ready* current;
  Items items_;
  Py_ssize_t given_ = 0;
  Ready* outer_;
};
Ready* Ready::current = nullptr;

// ---- zip

class Zip final : public NativeFrame {
 public:
  explicit Zip(PyObject* zip) : NativeFrame(kZipCode, zip), zip_(Ref::borrow(zip)) {}

  PyObject* state() const override {
    return Py_BuildValue("(ON)", zip_.get(), items.as_tuple());
  }

  // All items, or those before the first that is missing. False: an exception.
  bool run() {
    while (items.count() < fields()->size) {
      items.add(next(PyTuple_GET_ITEM(fields()->iterators, items.count())));
      if (!items.data()[items.count() - 1]) return is_end();
    }
    return true;
  }

  // A strict one looks at the others when one has come to its end.
  bool is_end() const {
    return PyErr_Occurred() ? fields()->strict && has_ended() : true;
  }

  Items items;

 private:
  const ZipObject* fields() const { return reinterpret_cast<ZipObject*>(zip_.get()); }

  Ref zip_;
};

// The interpreter's step, with the items that are known.
PyObject* zip_items(PyObject* object, Items items) {
  auto* zip = reinterpret_cast<ZipObject*>(object);
  const Ref iterators = Ref::steal(PyTuple_New(zip->size));
  if (!iterators) return nullptr;
  for (Py_ssize_t i = 0; i < zip->size; ++i)
    PyTuple_SET_ITEM(iterators.get(), i,
                     Py_NewRef(i < items.count() ? Ready::iterator()
                                                 : PyTuple_GET_ITEM(zip->iterators, i)));
  const Ready given(std::move(items));
  PyObject* const own = std::exchange(zip->iterators, iterators.get());
  PyObject* result = original_zip(object);
  zip->iterators = own;
  return result;
}

PyObject* next_of_zip(PyObject* object) {
  const auto* zip = reinterpret_cast<ZipObject*>(object);
  bool runs = false;
  for (Py_ssize_t i = 0; !runs && i < zip->size; ++i)
    runs = may_run_python(PyTuple_GET_ITEM(zip->iterators, i));
  if (!runs || zip->size > Items::kMost || !on_main_thread()) return original_zip(object);
  Zip frame(object);
  return frame.run() ? zip_items(object, std::move(frame.items)) : nullptr;
}

PyObject* zip_goes_on(Ref state, PyObject* result) {
  PyObject *zip = nullptr, *items = nullptr;
  if (!PyArg_ParseTuple(state.get(), "O!O!", &PyZip_Type, &zip, &PyTuple_Type, &items))
    return damaged(result);
  const Ref held = Ref::borrow(zip);
  Zip frame(zip);
  if (!frame.items.add_all(items)) return damaged(result);
  frame.items.add(result);
  state.reset();
  const bool ready = result ? frame.run() : frame.is_end();
  return ready ? zip_items(zip, std::move(frame.items)) : nullptr;
}

// ---- enumerate

class Enumerate final : public NativeFrame {
 public:
  explicit Enumerate(PyObject* object) : NativeFrame(kEnumerateCode, object), object_(object) {}
  PyObject* state() const override { return PyTuple_Pack(1, object_); }
  PyObject* run() { return next(reinterpret_cast<EnumerateObject*>(object_)->iterator); }

 private:
  PyObject* object_;  // borrowed from who asks for its next item
};

PyObject* number(PyObject* object, PyObject* item) {
  if (!item) return nullptr;
  auto* fields = reinterpret_cast<EnumerateObject*>(object);
  Items items;
  items.add(item);
  const Ready given(std::move(items));
  PyObject* const own = std::exchange(fields->iterator, Ready::iterator());
  PyObject* result = original_enumerate(object);
  fields->iterator = own;
  return result;
}

PyObject* next_of_enumerate(PyObject* object) {
  const auto* fields = reinterpret_cast<EnumerateObject*>(object);
  if (!may_run_python(fields->iterator) || !on_main_thread()) return original_enumerate(object);
  return number(object, Enumerate(object).run());
}

PyObject* enumerate_goes_on(Ref state, PyObject* result) {
  PyObject* object = nullptr;
  if (PyArg_ParseTuple(state.get(), "O!", &PyEnum_Type, &object)) return number(object, result);
  return damaged(result);
}

template <class Layout>
void replace_next(PyTypeObject& type, iternextfunc* original, iternextfunc stand_in) {
  if (type.tp_basicsize != static_cast<Py_ssize_t>(sizeof(Layout))) return;
  *original = type.tp_iternext;
  type.tp_iternext = stand_in;
}

}  // namespace

const NativeCode kMapCode{"map", map_goes_on};
const NativeCode kFilterCode{"filter", filter_goes_on};
const NativeCode kZipCode{"zip", zip_goes_on};
const NativeCode kEnumerateCode{"enumerate", enumerate_goes_on};

void stand_in_for_iterators() {
  if (!Ready::iterator()) throw_pending_exception();
  replace_next<MapObject>(PyMap_Type, &original_map, next_of_map);
  replace_next<FilterObject>(PyFilter_Type, &original_filter, next_of_filter);
  replace_next<ZipObject>(PyZip_Type, &original_zip, next_of_zip);
  replace_next<EnumerateObject>(PyEnum_Type, &original_enumerate, next_of_enumerate);
}

}  // namespace chkpt::frames
