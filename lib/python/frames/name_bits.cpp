// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/name_bits.hpp"

#include <cstring>

#include <dlfcn.h>

namespace chkpt::frames {
namespace {

class NameHash {  // FNV-1a
 public:
  void add(const void* data, std::size_t size) {
    for (const auto* p = static_cast<const unsigned char*>(data); size > 0; --size) step(*p++);
    step(0xFF);  // occurs in no UTF-8
  }
  void add(const char* text) { add(text, std::strlen(text)); }
  void add(std::uint64_t number) { add(&number, sizeof number); }
  void add_str(PyObject* text) {
    if (!text || !PyUnicode_Check(text) || !PyUnicode_IS_READY(text)) return;
    add(PyUnicode_DATA(text),
        static_cast<std::size_t>(PyUnicode_GET_LENGTH(text)) * PyUnicode_KIND(text));
  }
  std::uint64_t value() const { return value_; }

 private:
  void step(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001B3ULL; }
  std::uint64_t value_ = 0xCBF29CE484222325ULL;
};

PyObject* entry(PyObject* dict, const char* name) {
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  while (dict && PyDict_Next(dict, &position, &key, &value))
    if (PyUnicode_Check(key) && PyUnicode_CompareWithASCIIString(key, name) == 0) return value;
  return nullptr;
}

void add_class(NameHash& hash, PyTypeObject* type) {
  if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) return hash.add(type->tp_name);
  hash.add_str(entry(type->tp_dict, "__module__"));
  hash.add_str(reinterpret_cast<PyHeapTypeObject*>(type)->ht_qualname);
}

void add_function(NameHash& hash, const PyFunctionObject* function) {
  hash.add_str(function->func_module);
  hash.add_str(function->func_qualname);
  const auto* code = reinterpret_cast<PyCodeObject*>(function->func_code);
  hash.add(static_cast<std::uint64_t>(code->co_firstlineno));
}

// It may have been started under another name.
bool is_this_program(const Dl_info& info) {
  static const char here = 0;
  Dl_info own{};
  return ::dladdr(&here, &own) != 0 && own.dli_fbase == info.dli_fbase;
}

}  // namespace

std::uint64_t bits_of_name(PyObject* object) {
  NameHash hash;
  hash.add(PyType_Check(object) ? "class" : Py_TYPE(object)->tp_name);
  if (PyType_Check(object))
    add_class(hash, reinterpret_cast<PyTypeObject*>(object));
  else if (PyFunction_Check(object))
    add_function(hash, reinterpret_cast<PyFunctionObject*>(object));
  else
    hash.add_str(entry(PyModule_GetDict(object), "__name__"));
  return hash.value();
}

std::uint64_t bits_of_code(const void* code) {
  Dl_info info{};
  if (::dladdr(code, &info) == 0 || !info.dli_fname) return 0;
  NameHash hash;
  if (!is_this_program(info)) {
    const char* const slash = std::strrchr(info.dli_fname, '/');
    hash.add(slash ? slash + 1 : info.dli_fname);
  }
  hash.add(static_cast<std::uint64_t>(static_cast<const char*>(code) -
                                      static_cast<const char*>(info.dli_fbase)));
  return hash.value();
}

}  // namespace chkpt::frames
