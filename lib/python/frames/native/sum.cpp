// SPDX-License-Identifier: BSD-3-Clause
// sum(), as in builtin_sum_impl() of CPython's Python/bltinmodule.c, bit by bit.
#include "python/frames/shim.hpp"

#include "python/frames/native/stand_ins.hpp"

#include <cmath>

namespace chkpt::frames {
namespace {

ReplacedFunction replaced_sum;

// What the interpreter adds up without making objects is kept as a C number here as well.
enum class Mode : int { kInteger = 0, kFloat = 1, kObject = 2 };

class Sum final : public NativeFrame {
 public:
  Sum(PyObject* iterator, Ref start)
      : NativeFrame(kSumCode, replaced_sum.definition()), iterator_(Ref::borrow(iterator)) {
    begin(std::move(start));
  }

  Sum(PyObject* iterator, Mode mode, Ref value, double compensation)
      : NativeFrame(kSumCode, replaced_sum.definition()),
        iterator_(Ref::borrow(iterator)),
        mode_(mode),
        compensation_(compensation) {
    if (mode_ == Mode::kInteger) integer_ = PyLong_AsLong(value.get());
    if (mode_ == Mode::kFloat) float_ = PyFloat_AsDouble(value.get());
    if (mode_ == Mode::kObject) object_ = std::move(value);
  }

  PyObject* state() const override {
    PyObject* value = partial();
    return value ? Py_BuildValue("(OiNN)", iterator_.get(), static_cast<int>(mode_), value,
                                 PyFloat_FromDouble(compensation_))
                 : nullptr;
  }

  PyObject* run() { return run(next(iterator_.get())); }

  PyObject* run(PyObject* item) {
    for (; item; item = next(iterator_.get()))
      if (!add(Ref::steal(item))) return nullptr;
    if (!has_ended()) return nullptr;
    return mode_ == Mode::kFloat ? PyFloat_FromDouble(compensated()) : partial();
  }

 private:
  void begin(Ref start) {
    int overflow = 1;
    if (PyLong_CheckExact(start.get())) integer_ = PyLong_AsLongAndOverflow(start.get(), &overflow);
    mode_ = overflow == 0 ? Mode::kInteger : Mode::kObject;
    if (mode_ == Mode::kInteger) return;
    object_ = std::move(start);
    float_if_exact();
  }

  void float_if_exact() {
    if (!PyFloat_CheckExact(object_.get())) return;
    mode_ = Mode::kFloat;
    float_ = PyFloat_AS_DOUBLE(object_.get());
    object_.reset();
  }

  PyObject* partial() const {
    if (mode_ == Mode::kInteger) return PyLong_FromLong(integer_);
    return mode_ == Mode::kFloat ? PyFloat_FromDouble(float_) : object_.new_ref();
  }

  // The sign of a negative zero stays; an overflow does not become a NaN.
  double compensated() const {
    return compensation_ != 0.0 && std::isfinite(compensation_) ? float_ + compensation_ : float_;
  }

  bool add(const Ref& item) {
    if (mode_ == Mode::kInteger) return add_to_integer(item);
    if (mode_ == Mode::kFloat) return add_to_float(item);
    return add_to_object(item);
  }

  bool add_to_integer(const Ref& item) {
    if (PyLong_CheckExact(item.get()) || PyBool_Check(item.get())) {
      int overflow = 0;
      const long value = PyLong_AsLongAndOverflow(item.get(), &overflow);
      long total = 0;
      if (overflow == 0 && !__builtin_add_overflow(integer_, value, &total)) {
        integer_ = total;
        return true;
      }
    }
    object_ = Ref::steal(PyLong_FromLong(integer_));
    mode_ = Mode::kObject;
    if (!add_to_object(item)) return false;
    float_if_exact();
    return true;
  }

  bool add_to_float(const Ref& item) {
    if (PyFloat_CheckExact(item.get())) {
      add_float(PyFloat_AS_DOUBLE(item.get()));
      return true;
    }
    if (PyLong_Check(item.get())) {
      int overflow = 0;
      const long value = PyLong_AsLongAndOverflow(item.get(), &overflow);
      if (overflow == 0) {
        float_ += static_cast<double>(value);
        return true;
      }
    }
    object_ = Ref::steal(PyFloat_FromDouble(compensated()));
    mode_ = Mode::kObject;
    return add_to_object(item);
  }

  // From 3.12 on with the compensation of A. Neumaier, Z. Angew. Math. Mech. 54 (1974) 39.
  void add_float(double x) {
    if (!shim::kSumCompensates) {
      float_ += x;
      return;
    }
    const double total = float_ + x;
    compensation_ +=
        std::fabs(float_) >= std::fabs(x) ? (float_ - total) + x : (x - total) + float_;
    float_ = total;
  }

  bool add_to_object(const Ref& item) {
    if (!object_) return false;
    object_ = Ref::steal(PyNumber_Add(object_.get(), item.get()));
    return bool(object_);
  }

  Ref iterator_;
  Mode mode_ = Mode::kInteger;
  long integer_ = 0;
  double float_ = 0;
  double compensation_ = 0;
  Ref object_;
};

PyObject* sum(PyObject* module, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
  const auto original = [&] { return replaced_sum.original(module, arguments, count, names); };
  if (count < 1 || !may_run_python(arguments[0]) || !on_main_thread()) return original();
  PyObject* start = count == 2 ? arguments[1] : keyword_argument(arguments, count, names, "start");
  const Py_ssize_t given = count + (names ? PyTuple_GET_SIZE(names) : 0);
  if (given != (start ? 2 : 1)) return original();
  if (start && (PyUnicode_Check(start) || PyBytes_Check(start) || PyByteArray_Check(start)))
    return original();  // refuses
  const Ref iterator = Ref::steal(PyObject_GetIter(arguments[0]));
  if (!iterator) return nullptr;
  return Sum(iterator.get(), start ? Ref::borrow(start) : Ref::steal(PyLong_FromLong(0))).run();
}

PyObject* sum_goes_on(Ref state, PyObject* result) {
  PyObject *iterator = nullptr, *value = nullptr, *compensation = nullptr;
  int mode = 0;
  if (!PyArg_ParseTuple(state.get(), "OiOO!", &iterator, &mode, &value, &PyFloat_Type,
                        &compensation))
    return damaged(result);
  Sum frame(iterator, static_cast<Mode>(mode), Ref::borrow(value), PyFloat_AS_DOUBLE(compensation));
  state.reset();
  return frame.run(result);
}

}  // namespace

const NativeCode kSumCode{"sum", sum_goes_on};

void stand_in_for_sum() {
  const Ref builtins = checked(PyImport_ImportModule("builtins"));
  replaced_sum.replace(builtins.get(), "sum", METH_FASTCALL | METH_KEYWORDS, as_c_function(sum));
}

}  // namespace chkpt::frames
