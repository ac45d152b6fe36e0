// SPDX-License-Identifier: BSD-3-Clause
// The next item of map(), filter() and zip() where what they have so far is in C variables only;
// and how these and enumerate() go on. The steps are those of CPython's Python/bltinmodule.c and
// Objects/enumobject.c.
#include "python/frames/shim.hpp"

#include "python/frames/chain.hpp"
#include "python/frames/native/layouts.hpp"
#include "python/frames/native/stand_ins.hpp"

#include <utility>

namespace chkpt::frames {
namespace {

iternextfunc original_map = nullptr, original_filter = nullptr, original_zip = nullptr;

// What it runs can be told from the frame it leads to: a generator, or nothing.
bool is_plain(PyObject* iterator) {
  return Py_IS_TYPE(iterator, &PyGen_Type) || !may_run_python(iterator);
}

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

// Nothing is in C variables that its iterators and the callee's frame do not tell. A wrapper with a
// cache has to know what it was called with.
bool is_plain_map(const MapObject* map) {
  const Py_ssize_t size = PyTuple_GET_SIZE(map->iterators);
  if (is_cached_call(map->function)) return false;
  if (size == 1) return is_plain(PyTuple_GET_ITEM(map->iterators, 0));
  for (Py_ssize_t i = 0; i < size; ++i)
    if (may_run_python(PyTuple_GET_ITEM(map->iterators, i))) return false;
  return true;
}

class Map final : public NativeFrame {
 public:
  explicit Map(PyObject* map) : NativeFrame(kMapCode, map), map_(Ref::borrow(map)) {}

  // (map, items so far; None: the function is running)
  PyObject* state() const override {
    return is_calling() ? PyTuple_Pack(2, map_.get(), Py_None)
                        : Py_BuildValue("(ON)", map_.get(), items.as_tuple());
  }
  PyObject* arguments() const override { return is_calling() ? items.as_tuple() : nullptr; }

  PyObject* run() {
    while (!is_calling()) {
      PyObject* item = next(PyTuple_GET_ITEM(fields()->iterators, items.count()));
      if (!item) return nullptr;
      items.add(item);
    }
    return call(fields()->function, items.data(), static_cast<std::size_t>(items.count()));
  }

  Items items;

 private:
  const MapObject* fields() const { return as_map(map_.get()); }
  bool is_calling() const { return items.count() == PyTuple_GET_SIZE(fields()->iterators); }

  Ref map_;
};

PyObject* next_of_map(PyObject* object) {
  const MapObject* map = as_map(object);
  if (is_plain_map(map) || PyTuple_GET_SIZE(map->iterators) > Items::kMost || !on_main_thread())
    return original_map(object);
  return Map(object).run();
}

PyObject* map_goes_on(Ref state, PyObject* result) {
  PyObject *map = nullptr, *items = nullptr;
  if (!PyArg_ParseTuple(state.get(), "O!O", &PyMap_Type, &map, &items)) return damaged(result);
  if (!result || items == Py_None) return result;
  Map frame(map);
  if (!PyTuple_Check(items) || !frame.items.add_all(items)) return damaged(result);
  frame.items.add(result);
  state.reset();
  return frame.run();
}

// ---- filter

bool is_test_of_truth(PyObject* function) {
  return function == Py_None || function == reinterpret_cast<PyObject*>(&PyBool_Type);
}

// The item that a function is asked about is its argument, and stays that.
bool is_plain_filter(const FilterObject* filter) {
  PyObject* function = filter->function;
  if (!is_plain(filter->iterator)) return false;
  if (!PyFunction_Check(function)) return is_test_of_truth(function) || PyCFunction_Check(function);
  return keeps_first_argument(
      reinterpret_cast<PyCodeObject*>(reinterpret_cast<PyFunctionObject*>(function)->func_code));
}

class Filter final : public NativeFrame {
 public:
  Filter(PyObject* filter, PyObject* item)
      : NativeFrame(kFilterCode, filter), filter_(Ref::borrow(filter)), item_(Ref::steal(item)) {}

  // (filter, item the function is asked about)
  PyObject* state() const override { return PyTuple_Pack(2, filter_.get(), or_marker(item_)); }
  PyObject* arguments() const override { return item_ ? PyTuple_Pack(1, item_.get()) : nullptr; }

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
  PyObject* advance() { return next(as_filter(filter_.get())->iterator); }

  PyObject* verdict() {
    PyObject* function = as_filter(filter_.get())->function;
    PyObject* const item = item_.get();
    return is_test_of_truth(function) ? Py_NewRef(item) : call(function, &item, 1);
  }

  Ref filter_, item_;
};

PyObject* next_of_filter(PyObject* object) {
  if (is_plain_filter(as_filter(object)) || !on_main_thread()) return original_filter(object);
  return Filter(object, nullptr).run();
}

PyObject* filter_goes_on(Ref state, PyObject* result) {
  PyObject *filter = nullptr, *item = nullptr;
  if (!PyArg_ParseTuple(state.get(), "O!O", &PyFilter_Type, &filter, &item)) return damaged(result);
  Filter frame(filter, Py_XNewRef(unmarked(item)));
  state.reset();
  return frame.run(result);
}

// ---- an item that is there already, handed to the interpreter's own code by an iterator of ours

PyObject* ready_item = nullptr;  // owned; null: the end

PyObject* ready_iterator() {
  static PyTypeObject type = {PyVarObject_HEAD_INIT(nullptr, 0)};
  static PyObject* const made = [] {
    type.tp_name = "chkpt.ready";
    type.tp_basicsize = sizeof(PyObject);
    type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION;
    type.tp_iter = PyObject_SelfIter;
    type.tp_iternext = [](PyObject*) { return std::exchange(ready_item, nullptr); };
    return PyType_Ready(&type) < 0 ? nullptr : PyObject_New(PyObject, &type);
  }();
  return made;
}

// ---- zip

// Items in C variables are those of the iterators before the one that runs.
bool is_plain_zip(const ZipObject* zip) {
  for (Py_ssize_t i = 1; i < zip->size; ++i)
    if (may_run_python(PyTuple_GET_ITEM(zip->iterators, i))) return false;
  return true;
}

class Zip final : public NativeFrame {
 public:
  explicit Zip(PyObject* zip) : NativeFrame(kZipCode, zip), zip_(Ref::borrow(zip)) {}

  // (zip, items so far)
  PyObject* state() const override { return Py_BuildValue("(ON)", zip_.get(), items.as_tuple()); }

  PyObject* run() {
    while (items.count() < fields()->size) {
      PyObject* item = next(PyTuple_GET_ITEM(fields()->iterators, items.count()));
      if (!item) return end();
      items.add(item);
    }
    return result();
  }

  // A strict one looks at the other iterators, as the interpreter does given no item where the end
  // was met. They have to run unseen.
  PyObject* end() {
    if (!fields()->strict || !has_ended()) return nullptr;
    const Ref iterators = Ref::steal(PyTuple_New(fields()->size));
    if (!iterators) return nullptr;
    for (Py_ssize_t i = 0; i < fields()->size; ++i) {
      PyObject* own = PyTuple_GET_ITEM(fields()->iterators, i);
      PyTuple_SET_ITEM(iterators.get(), i, Py_NewRef(i == items.count() ? ready_iterator() : own));
    }
    return end_at(iterators);
  }

  Items items;

 private:
  ZipObject* fields() const { return as_zip(zip_.get()); }

  // Those before have given their items: they are passed over.
  PyObject* end_at(const Ref& iterators) {
    const Ref given = Ref::steal(items.as_tuple());
    const Ref over = Ref::steal(given ? PyObject_GetIter(given.get()) : nullptr);
    if (!over) return nullptr;
    for (Py_ssize_t i = 0; i < items.count(); ++i)
      Py_SETREF(PyTuple_GET_ITEM(iterators.get(), i), over.new_ref());
    PyObject* const own = std::exchange(fields()->iterators, iterators.get());
    PyObject* result = original_zip(zip_.get());
    fields()->iterators = own;
    return result;
  }

  // The tuple given last is given again if nobody else has it.
  PyObject* result() {
    PyObject* last = fields()->result;
    const Py_ssize_t size = fields()->size;
    if (Py_REFCNT(last) != 1) last = nullptr;
    PyObject* tuple = last ? Py_NewRef(last) : PyTuple_New(size);
    for (Py_ssize_t i = 0; tuple && i < size; ++i) {
      PyObject* before = last ? PyTuple_GET_ITEM(tuple, i) : nullptr;
      PyTuple_SET_ITEM(tuple, i, items.give(i));
      Py_XDECREF(before);
    }
    if (last && !PyObject_GC_IsTracked(last)) PyObject_GC_Track(last);
    return tuple;
  }

  Ref zip_;
};

PyObject* next_of_zip(PyObject* object) {
  const ZipObject* zip = as_zip(object);
  if (is_plain_zip(zip) || zip->size > Items::kMost || !on_main_thread())
    return original_zip(object);
  return Zip(object).run();
}

PyObject* zip_goes_on(Ref state, PyObject* result) {
  PyObject *zip = nullptr, *items = nullptr;
  if (!PyArg_ParseTuple(state.get(), "O!O!", &PyZip_Type, &zip, &PyTuple_Type, &items))
    return damaged(result);
  Zip frame(zip);
  if (!frame.items.add_all(items)) return damaged(result);
  state.reset();
  if (!result) return frame.end();
  frame.items.add(result);
  return frame.run();
}

// ---- enumerate

PyObject* enumerate_goes_on(Ref state, PyObject* result) {
  PyObject* object = nullptr;
  if (!result || !PyArg_ParseTuple(state.get(), "O!", &PyEnum_Type, &object))
    return result ? damaged(result) : nullptr;
  ready_item = result;
  PyObject* const own = std::exchange(as_enumerate(object)->iterator, ready_iterator());
  PyObject* numbered = PyEnum_Type.tp_iternext(object);
  as_enumerate(object)->iterator = own;
  return numbered;
}

template <class Layout>
bool is_laid_out_as(const PyTypeObject& type) {
  return type.tp_basicsize == static_cast<Py_ssize_t>(sizeof(Layout));
}

// ---- steps without a frame

bool step(const NativeCode& code, const Ref& state, NativeFrame::Awaits awaits, PyObject* awaited,
          UnrecordedStep* out) {
  *out = {described_native(code, checked(state.new_ref()).get()), awaits, awaited};
  return true;
}

bool step_of_map(PyObject* map, PyObject* generator, UnrecordedStep* out) {
  const MapObject* fields = as_map(map);
  if (!is_plain_map(fields)) return false;
  PyObject* iterator = PyTuple_GET_ITEM(fields->iterators, 0);
  if (generator)  // the iterator: a function that is called leads to no generator
    return step(kMapCode, Ref::steal(Py_BuildValue("(O())", map)), NativeFrame::Awaits::kItem,
                iterator, out);
  return step(kMapCode, Ref::steal(PyTuple_Pack(2, map, Py_None)), NativeFrame::Awaits::kResult,
              fields->function, out);
}

bool step_of_filter(PyObject* filter, PyObject* generator, PyObject* first_argument,
                    UnrecordedStep* out) {
  const FilterObject* fields = as_filter(filter);
  if (!is_plain_filter(fields) || (!generator && !first_argument)) return false;
  PyObject* item = generator ? null_marker() : first_argument;
  const Ref state = Ref::steal(PyTuple_Pack(2, filter, item));
  return generator ? step(kFilterCode, state, NativeFrame::Awaits::kItem, fields->iterator, out)
                   : step(kFilterCode, state, NativeFrame::Awaits::kResult, fields->function, out);
}

}  // namespace

const NativeCode kMapCode{"map", map_goes_on};
const NativeCode kFilterCode{"filter", filter_goes_on};
const NativeCode kZipCode{"zip", zip_goes_on};
const NativeCode kEnumerateCode{"enumerate", enumerate_goes_on};

bool find_unrecorded_step(PyObject* iterator, PyObject* generator, PyObject* first_argument,
                          UnrecordedStep* out) {
  if (!original_map) return false;
  if (Py_IS_TYPE(iterator, &PyMap_Type)) return step_of_map(iterator, generator, out);
  if (Py_IS_TYPE(iterator, &PyFilter_Type))
    return step_of_filter(iterator, generator, first_argument, out);
  if (Py_IS_TYPE(iterator, &PyEnum_Type))
    return step(kEnumerateCode, Ref::steal(PyTuple_Pack(1, iterator)), NativeFrame::Awaits::kItem,
                as_enumerate(iterator)->iterator, out);
  const bool zips = Py_IS_TYPE(iterator, &PyZip_Type) && as_zip(iterator)->size > 0;
  return zips && is_plain_zip(as_zip(iterator)) &&
         step(kZipCode, Ref::steal(Py_BuildValue("(O())", iterator)), NativeFrame::Awaits::kItem,
              PyTuple_GET_ITEM(as_zip(iterator)->iterators, 0), out);
}

void find_iterators() {
  if (!ready_iterator()) throw_pending_exception();
  if (!is_laid_out_as<MapObject>(PyMap_Type) || !is_laid_out_as<FilterObject>(PyFilter_Type) ||
      !is_laid_out_as<ZipObject>(PyZip_Type) || !is_laid_out_as<EnumerateObject>(PyEnum_Type))
    return;
  original_map = PyMap_Type.tp_iternext;
  original_filter = PyFilter_Type.tp_iternext;
  original_zip = PyZip_Type.tp_iternext;
}

void record_steps(bool on) {
  if (!original_map) return;
  PyMap_Type.tp_iternext = on ? next_of_map : original_map;
  PyFilter_Type.tp_iternext = on ? next_of_filter : original_filter;
  PyZip_Type.tp_iternext = on ? next_of_zip : original_zip;
}

}  // namespace chkpt::frames
