// SPDX-License-Identifier: BSD-3-Clause
// min(), max(), any(), all() and functools.reduce(). The loops are those of CPython's
// Python/bltinmodule.c and Modules/_functoolsmodule.c.
#include "python/frames/shim.hpp"

#include "python/frames/native/stand_ins.hpp"

namespace chkpt::frames {
namespace {

ReplacedFunction replaced_min, replaced_max, replaced_any, replaced_all, replaced_reduce;

// ---- min and max

const ReplacedFunction& replaced_extreme(int op) {
  return op == Py_LT ? replaced_min : replaced_max;
}

class Extreme final : public NativeFrame {
 public:
  Extreme(int op, PyObject* iterator, PyObject* key, PyObject* fallback)
      : NativeFrame(kExtremeCode, replaced_extreme(op).definition()),
        op_(op),
        iterator_(Ref::borrow(iterator)),
        key_(Ref::borrow(key)),
        fallback_(Ref::borrow(fallback)) {}

  PyObject* state() const override {
    return Py_BuildValue("(iOOOOOO)", op_, iterator_.get(), or_marker(key_), or_marker(fallback_),
                         or_marker(item_), or_marker(best_), or_marker(best_value_));
  }

  PyObject* arguments() const override { return item_ ? PyTuple_Pack(1, item_.get()) : nullptr; }

  PyObject* run() { return run(next(iterator_.get())); }

  // Goes on with an item, or with what the key function gave for the item held.
  PyObject* run(PyObject* result) {
    for (; result; result = next(iterator_.get())) {
      if (!item_) {
        item_ = Ref::steal(result);
        result = key_ ? call_key() : item_.new_ref();
        if (!result) return nullptr;
      }
      if (!compare(Ref::steal(result))) return nullptr;
      item_.reset();
    }
    if (item_ || !has_ended()) return nullptr;
    return best_ ? best_.new_ref() : nothing();
  }

  void take(Ref item, Ref best, Ref best_value) {
    item_ = std::move(item);
    best_ = std::move(best);
    best_value_ = std::move(best_value);
  }

 private:
  PyObject* call_key() {
    PyObject* const argument = item_.get();
    return call(key_.get(), &argument, 1);
  }

  bool compare(Ref value) {
    if (best_) {
      const int better = PyObject_RichCompareBool(value.get(), best_value_.get(), op_);
      if (better <= 0) return better == 0;
    }
    best_value_ = std::move(value);
    best_ = std::move(item_);
    return true;
  }

  // The default, or the interpreter's own words.
  PyObject* nothing() const {
    if (fallback_) return fallback_.new_ref();
    const Ref empty = Ref::steal(PyTuple_New(0));
    return empty ? replaced_extreme(op_).original_of_one(empty.get()) : nullptr;
  }

  int op_;
  Ref iterator_, key_, fallback_;
  Ref item_, best_, best_value_;
};

// Null without an exception: nothing that Python code could run in.
PyObject* extreme(int op, PyObject* iterable, PyObject* key, PyObject* fallback) {
  if (key == Py_None) key = nullptr;
  const bool runs = key ? is_python_callable(key) : may_run_python(iterable);
  if (!runs || !on_main_thread()) return nullptr;
  const Ref iterator = Ref::steal(PyObject_GetIter(iterable));
  return iterator ? Extreme(op, iterator.get(), key, fallback).run() : nullptr;
}

template <int op>
PyObject* extreme_of_tuple(PyObject* module, PyObject* arguments, PyObject* keywords) {
  if (PyTuple_GET_SIZE(arguments) == 1) {
    PyObject* key = keywords ? PyDict_GetItemString(keywords, "key") : nullptr;
    PyObject* fallback = keywords ? PyDict_GetItemString(keywords, "default") : nullptr;
    const Py_ssize_t known = (key ? 1 : 0) + (fallback ? 1 : 0);
    PyObject* found = (keywords ? PyDict_GET_SIZE(keywords) : 0) == known
                          ? extreme(op, PyTuple_GET_ITEM(arguments, 0), key, fallback)
                          : nullptr;
    if (found || PyErr_Occurred()) return found;
  }
  return replaced_extreme(op).original(module, arguments, keywords);
}

template <int op>
PyObject* extreme_of_array(PyObject* module, PyObject* const* arguments, Py_ssize_t count,
                           PyObject* names) {
  if (count == 1) {
    PyObject* key = keyword_argument(arguments, count, names, "key");
    PyObject* fallback = keyword_argument(arguments, count, names, "default");
    const Py_ssize_t known = (key ? 1 : 0) + (fallback ? 1 : 0);
    PyObject* found = (names ? PyTuple_GET_SIZE(names) : 0) == known
                          ? extreme(op, arguments[0], key, fallback)
                          : nullptr;
    if (found || PyErr_Occurred()) return found;
  }
  return replaced_extreme(op).original(module, arguments, count, names);
}

PyObject* extreme_goes_on(Ref state, PyObject* result) {
  int op = 0;
  PyObject *iterator = nullptr, *key = nullptr, *fallback = nullptr;
  PyObject *item = nullptr, *best = nullptr, *best_value = nullptr;
  if (!PyArg_ParseTuple(state.get(), "iOOOOOO", &op, &iterator, &key, &fallback, &item, &best,
                        &best_value))
    return damaged(result);
  Extreme frame(op, iterator, unmarked(key), unmarked(fallback));
  frame.take(Ref::borrow(unmarked(item)), Ref::borrow(unmarked(best)),
             Ref::borrow(unmarked(best_value)));
  state.reset();
  return frame.run(result);
}

// ---- any and all

class Test final : public NativeFrame {
 public:
  Test(bool all, PyObject* iterator)
      : NativeFrame(kTestCode, (all ? replaced_all : replaced_any).definition()),
        all_(all),
        iterator_(Ref::borrow(iterator)) {}

  PyObject* state() const override { return Py_BuildValue("(iO)", all_ ? 1 : 0, iterator_.get()); }

  PyObject* run() { return run(next(iterator_.get())); }

  PyObject* run(PyObject* item) {
    for (; item; item = next(iterator_.get())) {
      const Ref held = Ref::steal(item);
      const int truth = PyObject_IsTrue(item);
      if (truth < 0) return nullptr;
      if ((truth != 0) != all_) return PyBool_FromLong(truth);
    }
    return has_ended() ? PyBool_FromLong(all_) : nullptr;
  }

 private:
  bool all_;
  Ref iterator_;
};

template <bool all>
PyObject* test(PyObject* module, PyObject* iterable) {
  if (!may_run_python(iterable) || !on_main_thread())
    return (all ? replaced_all : replaced_any).original(module, iterable);
  const Ref iterator = Ref::steal(PyObject_GetIter(iterable));
  return iterator ? Test(all, iterator.get()).run() : nullptr;
}

PyObject* test_goes_on(Ref state, PyObject* result) {
  int all = 0;
  PyObject* iterator = nullptr;
  if (!PyArg_ParseTuple(state.get(), "iO", &all, &iterator)) return damaged(result);
  Test frame(all != 0, iterator);
  state.reset();
  return frame.run(result);
}

// ---- functools.reduce

class Reduce final : public NativeFrame {
 public:
  Reduce(PyObject* function, PyObject* iterator, PyObject* so_far)
      : NativeFrame(kReduceCode, replaced_reduce.definition()),
        function_(Ref::borrow(function)),
        iterator_(Ref::borrow(iterator)),
        so_far_(Ref::borrow(so_far)) {}

  PyObject* state() const override {
    return Py_BuildValue("(OOOi)", function_.get(), iterator_.get(), or_marker(so_far_),
                         combined_ ? 1 : 0);
  }
  PyObject* arguments() const override {
    return combined_ ? PyTuple_Pack(2, so_far_.get(), combined_) : nullptr;
  }

  PyObject* run() { return run(next(iterator_.get()), false); }

  // Goes on with an item, or with what the function has made of one.
  PyObject* run(PyObject* result, bool combined) {
    for (; result; result = next(iterator_.get())) {
      if (!combined && so_far_) result = combine(Ref::steal(result));
      if (!result) return nullptr;
      so_far_ = Ref::steal(result);
      combined = false;
    }
    if (combined || !has_ended()) return nullptr;
    if (so_far_) return so_far_.new_ref();
    const Ref empty = Ref::steal(Py_BuildValue("(O())", function_.get()));
    return empty ? replaced_reduce.original(nullptr, empty.get()) : nullptr;
  }

 private:
  PyObject* combine(const Ref& item) {
    PyObject* const arguments[] = {so_far_.get(), item.get()};
    combined_ = item.get();
    PyObject* result = call(function_.get(), arguments, 2);
    combined_ = nullptr;
    return result;
  }

  Ref function_, iterator_, so_far_;
  PyObject* combined_ = nullptr;  // borrowed: with which item
};

PyObject* reduce(PyObject* module, PyObject* arguments) {
  const Py_ssize_t count = PyTuple_GET_SIZE(arguments);
  PyObject* function = count > 0 ? PyTuple_GET_ITEM(arguments, 0) : nullptr;
  PyObject* iterable = count > 1 ? PyTuple_GET_ITEM(arguments, 1) : nullptr;
  if (!iterable || count > 3 || !on_main_thread() ||
      !(may_run_python(iterable) || is_python_callable(function)) ||
      !(Py_TYPE(iterable)->tp_iter || PySequence_Check(iterable)))
    return replaced_reduce.original(module, arguments);
  const Ref iterator = Ref::steal(PyObject_GetIter(iterable));
  if (!iterator && PyErr_ExceptionMatches(PyExc_TypeError))
    PyErr_SetString(PyExc_TypeError, "reduce() arg 2 must support iteration");
  if (!iterator) return nullptr;
  return Reduce(function, iterator.get(), count == 3 ? PyTuple_GET_ITEM(arguments, 2) : nullptr)
      .run();
}

PyObject* reduce_goes_on(Ref state, PyObject* result) {
  PyObject *function = nullptr, *iterator = nullptr, *so_far = nullptr;
  int combining = 0;
  if (!PyArg_ParseTuple(state.get(), "OOOi", &function, &iterator, &so_far, &combining))
    return damaged(result);
  Reduce frame(function, iterator, unmarked(so_far));
  state.reset();
  return frame.run(result, combining != 0);
}

}  // namespace

const NativeCode kExtremeCode{"extreme", extreme_goes_on};
const NativeCode kTestCode{"test", test_goes_on};
const NativeCode kReduceCode{"reduce", reduce_goes_on};

void stand_in_for_reduce(PyObject* functools) {
  replaced_reduce.replace(functools, "reduce", METH_VARARGS, as_c_function(reduce));
}

void stand_in_for_folds() {
  const Ref builtins = checked(PyImport_ImportModule("builtins"));
  constexpr int kArray = METH_FASTCALL | METH_KEYWORDS, kTuple = METH_VARARGS | METH_KEYWORDS;
  replaced_min.replace(builtins.get(), "min", kTuple, as_c_function(extreme_of_tuple<Py_LT>));
  replaced_max.replace(builtins.get(), "max", kTuple, as_c_function(extreme_of_tuple<Py_GT>));
  replaced_min.replace(builtins.get(), "min", kArray, as_c_function(extreme_of_array<Py_LT>));
  replaced_max.replace(builtins.get(), "max", kArray, as_c_function(extreme_of_array<Py_GT>));
  replaced_any.replace(builtins.get(), "any", METH_O, as_c_function(test<false>));
  replaced_all.replace(builtins.get(), "all", METH_O, as_c_function(test<true>));
}

}  // namespace chkpt::frames
