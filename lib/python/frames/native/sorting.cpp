// SPDX-License-Identifier: BSD-3-Clause
// sorted() and list.sort() with a key function: the keys come first, in the order of the items, as
// in list_sort_impl() of CPython's Objects/listobject.c; the interpreter's own sort follows, given
// the keys one by one. Meanwhile the list is empty, and whoever changes it is told afterwards.
#include "python/frames/shim.hpp"

#include "python/frames/native/stand_ins.hpp"

#include <cstddef>
#include <utility>

namespace chkpt::frames {
namespace {

ReplacedFunction replaced_sorted, replaced_sort;

// Hands the keys to the interpreter's sort, which asks for all of them before anything else runs.
struct KeyFeeder {
  PyObject ob_base;
  vectorcallfunc call;
  PyObject* const* next;
};

PyObject* next_key(PyObject* feeder, PyObject* const*, std::size_t, PyObject*) {
  return Py_NewRef(*reinterpret_cast<KeyFeeder*>(feeder)->next++);
}

PyTypeObject* feeder_type() {
  static PyTypeObject type = {PyVarObject_HEAD_INIT(nullptr, 0)};
  if (!(type.tp_flags & Py_TPFLAGS_READY)) {
    type.tp_name = "chkpt.keys";
    type.tp_basicsize = sizeof(KeyFeeder);
    type.tp_flags =
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_HAVE_VECTORCALL;
    type.tp_call = PyVectorcall_Call;
    type.tp_vectorcall_offset = offsetof(KeyFeeder, call);
    if (PyType_Ready(&type) < 0) return nullptr;
  }
  return &type;
}

PyListObject* as_list(PyObject* object) { return reinterpret_cast<PyListObject*>(object); }

PyObject* sort_with(PyObject* list, PyObject* key, bool reverse) {
  static PyObject* const names = Py_BuildValue("(ss)", "key", "reverse");
  PyObject* const arguments[] = {key, reverse ? Py_True : Py_False};
  return names ? replaced_sort.original(list, arguments, 0, names) : nullptr;
}

PyObject* sort_with_keys(PyObject* list, PyObject* keys, bool reverse) {
  PyTypeObject* type = feeder_type();
  auto* feeder = type ? PyObject_New(KeyFeeder, type) : nullptr;
  if (!feeder) return nullptr;
  const Ref held = Ref::steal(feeder);
  feeder->call = next_key;
  feeder->next = as_list(keys)->ob_item;
  return sort_with(list, held.get(), reverse);
}

// ---- a list whose items are elsewhere: its `allocated` tells whether somebody has changed it

void detach(PyObject* list, PyObject* items) {
  std::swap(as_list(list)->ob_item, as_list(items)->ob_item);
  std::swap(as_list(list)->allocated, as_list(items)->allocated);
  const Py_ssize_t size = Py_SIZE(list);
  Py_SET_SIZE(list, Py_SIZE(items));
  Py_SET_SIZE(items, size);
}

constexpr Py_ssize_t kUntouched = -1;

class Sort final : public NativeFrame {
 public:
  // `list` is empty, its items are in `items`; `keys` is as long, with room for what is to come.
  Sort(const void* of, PyObject* list, Ref items, Ref keys, PyObject* key, bool reverse)
      : NativeFrame(kSortCode, of),
        list_(Ref::borrow(list)),
        items_(std::move(items)),
        keys_(std::move(keys)),
        key_(Ref::borrow(key)),
        reverse_(reverse) {}

  PyObject* state() const override {
    return Py_BuildValue("(iOONOii)", of() == replaced_sorted.definition() ? 1 : 0, list_.get(),
                         items_.get(), PyList_GetSlice(keys_.get(), 0, given_), key_.get(),
                         reverse_ ? 1 : 0, is_changed() ? 1 : 0);
  }

  PyObject* arguments() const override {
    return PyTuple_Pack(1, PyList_GET_ITEM(items_.get(), given_));
  }

  void take(PyObject* key) { PyList_SET_ITEM(keys_.get(), given_++, key); }  // steals

  // The remaining keys, then the order; None. The list has its items again in any case.
  PyObject* run(bool was_changed) {
    const bool all = call_for_keys();
    const bool changed = was_changed || is_changed();
    put_back();
    if (!all) return nullptr;
    Ref result = Ref::steal(sort_with_keys(list_.get(), keys_.get(), reverse_));
    if (result && changed) {
      PyErr_SetString(PyExc_ValueError, "list modified during sort");
      result.reset();
    }
    return result.release();
  }

  void put_back() {
    if (as_list(list_.get())->allocated == kUntouched) as_list(list_.get())->allocated = 0;
    detach(list_.get(), items_.get());
    PyList_SetSlice(items_.get(), 0, PyList_GET_SIZE(items_.get()), nullptr);
  }

 private:
  bool call_for_keys() {
    PyObject* items = items_.get();
    await(Awaits::kResult, key_.get());
    while (given_ < PyList_GET_SIZE(items)) {
      PyObject* const argument = PyList_GET_ITEM(items, given_);
      PyObject* key = PyObject_Vectorcall(key_.get(), &argument, 1, nullptr);
      if (!key) return false;
      take(key);
    }
    await(Awaits::kUnknown, nullptr);
    return true;
  }

  bool is_changed() const { return as_list(list_.get())->allocated != kUntouched; }

  Ref list_, items_, keys_, key_;
  Py_ssize_t given_ = 0;
  bool reverse_;
};

// A list that nobody finds by way of the garbage collector, who could not read it yet.
Ref hidden_list(Py_ssize_t size) {
  Ref list = Ref::steal(PyList_New(size));
  if (list) PyObject_GC_UnTrack(list.get());
  return list;
}

// None, or the list if it was sorted() that was called.
PyObject* result_of(const void* of, PyObject* list, PyObject* sorted) {
  if (!sorted || of != replaced_sorted.definition()) return sorted;
  Py_DECREF(sorted);
  return Py_NewRef(list);
}

PyObject* sort_by_key(const void* of, PyObject* list, PyObject* key, bool reverse) {
  Ref items = hidden_list(0), keys = hidden_list(PyList_GET_SIZE(list));
  if (!items || !keys) return nullptr;
  detach(list, items.get());
  as_list(list)->allocated = kUntouched;
  Sort frame(of, list, std::move(items), std::move(keys), key, reverse);
  return result_of(of, list, frame.run(false));
}

// What Sort::state() gives. The objects are borrowed.
struct Saved {
  int is_sorted = 0, reverse = 0, changed = 0;
  PyObject *list = nullptr, *items = nullptr, *keys = nullptr, *key = nullptr;
  bool read(PyObject* state) {
    return PyArg_ParseTuple(state, "iO!O!O!Oii", &is_sorted, &PyList_Type, &list, &PyList_Type,
                            &items, &PyList_Type, &keys, &key, &reverse, &changed) != 0;
  }
};

// A list that a load has made is as empty, but does not tell yet whether it is changed from now on.
void watch_list(PyObject* state) {
  Saved saved;
  if (!saved.read(state)) return PyErr_Clear();
  if (!saved.changed && as_list(saved.list)->allocated == 0 && !as_list(saved.list)->ob_item)
    as_list(saved.list)->allocated = kUntouched;
}

PyObject* sort_waiting(PyObject* state) {
  Saved saved;
  if (!saved.read(state)) return nullptr;
  const bool changed = saved.changed || as_list(saved.list)->allocated != kUntouched;
  return Py_BuildValue("(iOOOOii)", saved.is_sorted, saved.list, saved.items, saved.keys, saved.key,
                       saved.reverse, changed ? 1 : 0);
}

PyObject* sort_goes_on(Ref state, PyObject* result) {
  Ref key_value = Ref::steal(result);
  Saved saved;
  if (!saved.read(state.get())) return damaged(key_value.release());
  PyObject* const list = saved.list;
  const Py_ssize_t size = PyList_GET_SIZE(saved.items), given = PyList_GET_SIZE(saved.keys);
  Ref all_keys = hidden_list(size);
  if (!all_keys || given >= size) return damaged(key_value.release());
  const void* of = (saved.is_sorted ? replaced_sorted : replaced_sort).definition();
  const Ref sorted = Ref::borrow(list);
  const bool changed = saved.changed != 0;
  Sort frame(of, list, Ref::borrow(saved.items), std::move(all_keys), saved.key,
             saved.reverse != 0);
  for (Py_ssize_t i = 0; i < given; ++i) frame.take(Py_NewRef(PyList_GET_ITEM(saved.keys, i)));
  state.reset();
  if (!key_value) {
    frame.put_back();
    return nullptr;
  }
  frame.take(key_value.release());
  return result_of(of, list, frame.run(changed));
}

struct Order {
  PyObject* key = nullptr;
  bool reverse = false;
};

// Whether these keyword arguments are understood.
bool read_order(PyObject* const* arguments, Py_ssize_t count, PyObject* names, Order* order) {
  PyObject* key = keyword_argument(arguments, count, names, "key");
  PyObject* reverse = keyword_argument(arguments, count, names, "reverse");
  const Py_ssize_t known = (key ? 1 : 0) + (reverse ? 1 : 0);
  if ((names ? PyTuple_GET_SIZE(names) : 0) != known) return false;
  if (reverse && !PyBool_Check(reverse)) return false;
  *order = {key == Py_None ? nullptr : key, reverse == Py_True};
  return true;
}

PyObject* sort(PyObject* list, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
  Order order;
  if (count != 0 || !names || !read_order(arguments, count, names, &order) || !order.key ||
      !is_python_callable(order.key) || as_list(list)->allocated == kUntouched || !on_main_thread())
    return replaced_sort.original(list, arguments, count, names);
  return sort_by_key(replaced_sort.definition(), list, order.key, order.reverse);
}

PyObject* sorted(PyObject* module, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
  Order order;
  const bool known = count == 1 && read_order(arguments, count, names, &order) && on_main_thread();
  const bool calls = known && order.key && is_python_callable(order.key);
  if (!known || !(calls || is_collected_here(arguments[0])))
    return replaced_sorted.original(module, arguments, count, names);
  const Ref extra =
      Ref::steal(Py_BuildValue("(Oi)", order.key ? order.key : Py_None, order.reverse ? 1 : 0));
  if (!extra) return nullptr;
  if (is_collected_here(arguments[0])) return collect_sorted(arguments[0], extra.get());
  return sort_collected(Ref::steal(PySequence_List(arguments[0])), extra.get());
}

}  // namespace

const NativeCode kSortCode{"sort", sort_goes_on, watch_list, sort_waiting};

const void* identity_of_sorted() { return replaced_sorted.definition(); }

PyObject* sort_collected(const Ref& list, PyObject* key_and_reverse) {
  PyObject* key = nullptr;
  int reverse = 0;
  if (!list || !PyArg_ParseTuple(key_and_reverse, "Oi", &key, &reverse)) return nullptr;
  if (is_python_callable(key))
    return sort_by_key(replaced_sorted.definition(), list.get(), key, reverse != 0);
  const Ref done = Ref::steal(sort_with(list.get(), key, reverse != 0));
  return done ? list.new_ref() : nullptr;
}

void stand_in_for_sorting() {
  constexpr int kFlags = METH_FASTCALL | METH_KEYWORDS;
  auto* const list = reinterpret_cast<PyObject*>(&PyList_Type);
  replaced_sort.replace(list, "sort", kFlags, as_c_function(sort));
  if (!replaced_sort.definition()) return;
  const Ref builtins = checked(PyImport_ImportModule("builtins"));
  replaced_sorted.replace(builtins.get(), "sorted", kFlags, as_c_function(sorted));
}

}  // namespace chkpt::frames
