// SPDX-License-Identifier: BSD-3-Clause
#include "python/heap/fingerprint.hpp"

#include <cstring>

#include "python/ref.hpp"

namespace chkpt::heap {
namespace {

constexpr int kMostElements = 20'000;
constexpr int kMostLevels = 20;

std::uint64_t mixed(std::uint64_t seed, std::uint64_t value) {
  std::uint64_t x = seed ^ (value + 0x9e3779b97f4a7c15ULL + (seed << 6) + (seed >> 2));
  x ^= x >> 31;  // splitmix64's finaliser
  x *= 0x7fb5d329728ea185ULL;
  x ^= x >> 27;
  x *= 0x81dadef4bc2dd44dULL;
  return x ^ (x >> 33);
}

std::uint64_t address(const void* object) { return reinterpret_cast<std::uintptr_t>(object); }

class Walk {
 public:
  std::uint64_t of(PyObject* value, int level) {
    if (++elements_ > kMostElements || level > kMostLevels) plain_ = false;
    if (!plain_) return 0;
    PyTypeObject* type = Py_TYPE(value);
    const std::uint64_t seed = address(type);
    if (value == Py_None || value == Py_Ellipsis || value == Py_NotImplemented ||
        type == &PyFunction_Type || type == &PyCFunction_Type || type == &PyType_Type ||
        PyModule_CheckExact(value)) {
      return mixed(seed, address(value));
    }
    if (type == &PyBool_Type || type == &PyLong_Type || type == &PyUnicode_Type ||
        type == &PyBytes_Type) {
      return hashed(value, seed);
    }
    if (type == &PyFloat_Type) return bits(PyFloat_AS_DOUBLE(value), seed);
    if (type == &PyComplex_Type) {
      const Py_complex number = PyComplex_AsCComplex(value);
      return bits(number.imag, bits(number.real, seed));
    }
    if (type == &PyTuple_Type || type == &PyList_Type) return sequence(value, seed, level);
    if (type == &PyDict_Type) return dict(value, seed, level);
    if (type == &PySet_Type || type == &PyFrozenSet_Type) return set(value, seed, level);
    plain_ = false;
    return 0;
  }
  bool plain() const { return plain_; }

 private:
  static std::uint64_t bits(double number, std::uint64_t seed) {
    std::uint64_t image = 0;
    std::memcpy(&image, &number, sizeof image);
    return mixed(seed, image);
  }
  // These types' own hashes run no other code and cannot fail.
  static std::uint64_t hashed(PyObject* value, std::uint64_t seed) {
    return mixed(seed, static_cast<std::uint64_t>(PyObject_Hash(value)));
  }
  std::uint64_t sequence(PyObject* value, std::uint64_t seed, int level) {
    PyObject** items = PySequence_Fast_ITEMS(value);
    for (Py_ssize_t i = 0; plain_ && i < PySequence_Fast_GET_SIZE(value); ++i) {
      seed = mixed(seed, of(items[i], level + 1));
    }
    return seed;
  }
  std::uint64_t dict(PyObject* value, std::uint64_t seed, int level) {
    PyObject *key = nullptr, *element = nullptr;
    Py_ssize_t position = 0;
    while (plain_ && PyDict_Next(value, &position, &key, &element)) {
      seed = mixed(mixed(seed, of(key, level + 1)), of(element, level + 1));
    }
    return seed;
  }
  // In no order: a sum.
  std::uint64_t set(PyObject* value, std::uint64_t seed, int level) {
    const Ref elements = Ref::steal(PyObject_GetIter(value));
    std::uint64_t sum = 0;
    while (elements && plain_) {
      const Ref element = Ref::steal(PyIter_Next(elements.get()));
      if (!element) break;
      sum += of(element.get(), level + 1);
    }
    if (PyErr_Occurred()) {  // out of memory
      PyErr_Clear();
      plain_ = false;
    }
    return mixed(seed, sum);
  }

  int elements_ = 0;
  bool plain_ = true;
};

}  // namespace

Fingerprint fingerprint_of(PyObject* value) {
  Walk walk;
  const std::uint64_t contents = walk.of(value, 0);
  if (walk.plain()) return {contents, true};
  const std::uint64_t where = mixed(address(Py_TYPE(value)), address(value));
  return {where, false};
}

}  // namespace chkpt::heap
