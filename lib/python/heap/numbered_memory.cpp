// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/numbered_memory.hpp"

#include "base/malloc_block.hpp"
#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/layout.hpp"

namespace chkpt::heap {
namespace {

using Numbers = std::unordered_map<std::uint64_t, Ref>;

Numbers starts_of_blocks(const Numbers& numbers) {
  Numbers blocks;
  if (numbers.empty()) return blocks;
  const MappedMemory mapped(Mapped::kWritable);
  for (const auto& [number, integer] : numbers)
    if (malloc_block_size(number, mapped) > 0) blocks.emplace(number, integer);
  return blocks;
}

bool is_one_of(const Numbers& numbers, PyObject* value) {
  if (!PyLong_CheckExact(value)) return false;
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
  return overflow == 0 && numbers.count(static_cast<std::uint64_t>(number)) != 0;
}

void check_instance(Saver& saver, PyObject* object, const Numbers& blocks) {
  const Ref names = instance_dict(object);
  if (!names) return;
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(names.get(), &position, &name, &value);) {
    if (!is_one_of(blocks, value) || !PyUnicode_Check(name)) continue;
    saver.refuse_for_good(
        object, "its attribute " + utf8(name) + " is a number by which it knows memory of C code");
  }
}

}  // namespace

void check_numbered_memory(Saver& saver, const Numbers& numbers, PyObject* memo) {
  const Numbers blocks = starts_of_blocks(numbers);
  if (blocks.empty()) return;
  PyObject *key = nullptr, *entry = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(memo, &position, &key, &entry);) {
    PyObject* object = item(entry, 1);
    PyTypeObject* type = Py_TYPE(object);
    if (!frames::is_python_class(type) || !has_dict(type) || saver.by_value().type(type)) continue;
    check_instance(saver, object, blocks);
  }
  if (saver.calls_libraries())
    saver.refuse_for_good(blocks.begin()->second.get(),
                          "a number by which the script knows memory of C code, as functions of "
                          "ctypes give it");
}

}  // namespace chkpt::heap
