// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/scratch_copies.hpp"

#include <cstring>

#include "base/error.hpp"
#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/packages/numpy_arrays.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

constexpr long long kMostBytes = 1LL << 30;
constexpr int kDeepest = 20;
constexpr long long kWordSize = sizeof(void*);

struct NotCopied {};

bool is_scalar_of_numpy(PyObject* value) {
  const Ref base = loaded_module("numpy") ? loaded_attr("numpy", "generic") : Ref();
  return base && PyObject_TypeCheck(value, reinterpret_cast<PyTypeObject*>(base.get())) &&
         std::strcmp(Py_TYPE(value)->tp_name, "numpy.void") != 0;
}

bool is_function(PyObject* value) {
  return PyCFunction_Check(value) || PyFunction_Check(value) ||
         std::strcmp(Py_TYPE(value)->tp_name, "cython_function_or_method") == 0;
}

// Code in Python could do anything: count, print, draw random numbers.
bool runs_no_python(PyObject* maker) {
  if (PyType_Check(maker)) return !frames::is_python_class(reinterpret_cast<PyTypeObject*>(maker));
  if (!PyFunction_Check(maker)) return true;
  const Ref module = attr_or_null(maker, "__module__");
  return module && PyUnicode_Check(module.get()) &&
         PyUnicode_CompareWithASCIIString(module.get(), "copyreg") == 0;
}

// Of memory that would then have two owners.
bool may_be_address(PyObject* number) {
  constexpr long long kLowest = 1LL << 32, kHighest = 1LL << 47;
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
  return !overflow && value >= kLowest && value < kHighest && value % kWordSize == 0;
}

// What nothing can change by being handed it.
bool is_constant(PyObject* value) {
  return value == Py_None || value == Py_Ellipsis || PyBool_Check(value) ||
         (PyLong_CheckExact(value) && !may_be_address(value)) || PyFloat_CheckExact(value) ||
         PyComplex_CheckExact(value) || PyUnicode_CheckExact(value) || PyBytes_CheckExact(value) ||
         PyType_Check(value) || is_function(value) || is_numpy_dtype(Py_TYPE(value)) ||
         is_scalar_of_numpy(value);
}

bool is_plain_array(PyObject* value) {
  const Ref type = loaded_module("numpy") ? loaded_attr("numpy", "ndarray") : Ref();
  return type && raw(Py_TYPE(value)) == type.get() && !has_objects(value);
}

}  // namespace

Ref ScratchCopies::remake(PyObject* object) {
  try {
    return copy(object);
  } catch (const NotCopied&) {
  } catch (const CannotSave&) {
  } catch (const Raised&) {
    PyErr_Clear();
  }
  return {};
}

Ref ScratchCopies::copy(PyObject* value) {
  if (is_constant(value)) return Ref::borrow(value);
  const auto known = made_.find(value);
  if (known != made_.end()) return known->second;
  Ref made = copy_once(value);
  keep_.push_back(Ref::borrow(value));
  made_[value] = made;
  return made;
}

Ref ScratchCopies::copy_once(PyObject* value) {
  if (PyTuple_CheckExact(value) || PyList_CheckExact(value)) return copy_sequence(value);
  if (PyDict_CheckExact(value)) return copy_dict(value);
  if (is_plain_array(value)) return copy_array(value);
  if (compiled_.count(value)) return make(value);
  throw NotCopied{};
}

Ref ScratchCopies::copy_array(PyObject* array) {
  bytes_ += integer(attr(array, "nbytes").get());
  if (bytes_ > kMostBytes) throw NotCopied{};
  Ref made = array_method(array, "copy", text("K"));
  if (!is_writeable(array)) set_attr(attr(made, "flags").get(), "writeable", Py_False);
  arrays_.push_back({way_, Ref::borrow(array), made, depth_ > 1});
  return made;
}

Ref ScratchCopies::copy_sequence(PyObject* sequence) {
  const Py_ssize_t size = PySequence_Fast_GET_SIZE(sequence);
  const Ref list = new_list();
  for (Py_ssize_t i = 0; i < size; ++i) {
    way_.push_back(i);
    append(list, copy(PySequence_Fast_GET_ITEM(sequence, i)));
    way_.pop_back();
  }
  return PyTuple_CheckExact(sequence) ? own(PyList_AsTuple(list.get())) : list;
}

Ref ScratchCopies::copy_dict(PyObject* dict) {
  Ref made = new_dict();
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  for (Py_ssize_t i = 0; PyDict_Next(dict, &position, &key, &value); ++i) {
    if (!is_constant(key)) throw NotCopied{};
    way_.push_back(i);
    ok(PyDict_SetItem(made.get(), key, copy(value).get()));
    way_.pop_back();
  }
  return made;
}

Ref ScratchCopies::make(PyObject* object) {
  if (++depth_ > kDeepest || frames::is_python_class(Py_TYPE(object))) throw NotCopied{};
  Rule& rule = saver_.rule_of(Py_TYPE(object));
  if (rule.reduce != reduce_by_default) throw NotCopied{};
  const Ref value = rule.reduce(saver_, object, rule);
  keep_.push_back(value);
  if (!PyTuple_Check(value.get())) throw NotCopied{};
  std::vector<PyObject*> parts(6, Py_None);
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value.get()); ++i)
    parts.at(static_cast<std::size_t>(i)) = item(value, i);
  if (!is_constant(parts[0]) || !runs_no_python(parts[0]) || parts[3] != Py_None ||
      parts[4] != Py_None)
    throw NotCopied{};
  std::vector<Py_ssize_t> outer;
  outer.swap(way_);
  way_ = {1};
  const Ref arguments = copy(parts[1]);
  Ref made = own(PyObject_CallObject(parts[0], arguments.get()));
  made_[object] = made;
  way_ = {2};
  if (parts[2] != Py_None) set_state(made, parts[2], parts[5]);
  outer.swap(way_);
  --depth_;
  return made;
}

// As the unpickler does.
void ScratchCopies::set_state(const Ref& made, PyObject* state, PyObject* setter) {
  const Ref copied = copy(state);
  if (setter != Py_None) {
    if (!is_constant(setter) || !runs_no_python(setter)) throw NotCopied{};
    call(setter, made, copied);
  } else if (const Ref own_setter = attr_or_null(made.get(), "__setstate__")) {
    call(own_setter, copied);
  } else {
    const Ref dict = PyDict_CheckExact(state) ? attr_or_null(made.get(), "__dict__") : Ref();
    if (!dict || !PyDict_CheckExact(dict.get())) throw NotCopied{};
    ok(PyDict_Update(dict.get(), copied.get()));
  }
}

}  // namespace chkpt::heap
