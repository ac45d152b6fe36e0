// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled_words.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

constexpr Py_ssize_t kWord = sizeof(std::uintptr_t);
constexpr std::uintptr_t kAlignment = 16;  // of malloc's blocks
constexpr Py_ssize_t kLargestBlock = 4096;

std::uintptr_t read_word(const void* at) {
  std::uintptr_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}
std::uintptr_t read_word(std::uintptr_t at) {
  return read_word(reinterpret_cast<const void*>(at));  // NOLINT
}

bool is_mapped(const MappedMemory& mapped, std::uintptr_t from, std::uintptr_t to) {
  constexpr std::uintptr_t kPage = 4096;
  for (std::uintptr_t at = from; at < to; at = (at / kPage + 1) * kPage)
    if (!mapped.contains(at)) return false;
  return true;
}

// The bytes of the block that glibc's malloc has given at an address; 0 if that is none. Before
// each block is its size, with three flags, and before the next one whether this one is in use.
Py_ssize_t block_size(std::uintptr_t address, const MappedMemory& mapped) {
  constexpr std::uintptr_t kFlags = 7, kInUse = 1, kSmallest = 32, kLargest = 1U << 20;
  if (address % kAlignment != 0 || !is_mapped(mapped, address - kWord, address + kWord)) return 0;
  const std::uintptr_t size = read_word(address - kWord) & ~kFlags;
  if (size < kSmallest || size > kLargest || size % kAlignment != 0) return 0;
  if (!is_mapped(mapped, address, address + size)) return 0;
  const std::uintptr_t next = read_word(address + size - kWord);
  if ((next & kInUse) == 0 || (next & ~kFlags) < kAlignment) return 0;
  return std::min(static_cast<Py_ssize_t>(size) - kWord, kLargestBlock);
}

Py_ssize_t object_size(PyObject* object) {
  return compiled_base(Py_TYPE(object))->tp_basicsize / kWord * kWord;
}

// The name of the module at the top: "statsmodels".
std::string package_of(PyTypeObject* type) {
  const Ref module = attr_or_null(raw(type), "__module__");
  const std::string name = module && PyUnicode_Check(module.get()) ? utf8(module.get()) : "";
  return name.substr(0, name.find('.'));
}

// Python's own, and numpy's: its scalars, random numbers.
bool has_memory_of_its_own(PyTypeObject* type) {
  const std::string package = package_of(type);
  if (package == "builtins" || package == "numpy" || package == "chkpt") return true;
  PyObject* names = PySys_GetObject("stdlib_module_names");
  return names && ok(PySequence_Contains(names, text(package).get())) != 0;
}

}  // namespace

PyTypeObject* compiled_base(PyTypeObject* type) {
  while (frames::is_python_class(type)) type = type->tp_base;
  return type;
}

bool may_point_elsewhere(PyTypeObject* type) {
  PyTypeObject* base = compiled_base(type);
  if (base->tp_basicsize < PyBaseObject_Type.tp_basicsize + kWord) return false;
  return !has_memory_of_its_own(base);
}

void each_word(PyObject* object, const MappedMemory& mapped,
               const std::function<void(WordPlace, std::uintptr_t)>& seen) {
  const auto* bytes = reinterpret_cast<const char*>(object);
  const Py_ssize_t size = object_size(object);
  for (Py_ssize_t at = PyBaseObject_Type.tp_basicsize; at < size; at += kWord) {
    const std::uintptr_t word = read_word(bytes + at);
    if (word == 0) continue;
    seen({at, -1}, word);
    const Py_ssize_t behind = block_size(word, mapped);
    for (Py_ssize_t inner = 0; inner < behind; inner += kWord)
      if (const std::uintptr_t found = read_word(word + inner)) seen({at, inner}, found);
  }
}

std::optional<std::uintptr_t> word_at(PyObject* object, const MappedMemory& mapped,
                                      WordPlace place) {
  if (place.offset + kWord > object_size(object)) return std::nullopt;
  const std::uintptr_t word = read_word(reinterpret_cast<const char*>(object) + place.offset);
  if (place.inner < 0) return word;
  if (place.inner + kWord > block_size(word, mapped)) return std::nullopt;
  return read_word(word + place.inner);
}

}  // namespace chkpt::heap
