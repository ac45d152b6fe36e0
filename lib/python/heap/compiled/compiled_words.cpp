// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/compiled_words.hpp"

#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "base/malloc_block.hpp"
#include "base/text.hpp"
#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

constexpr Py_ssize_t kWord = sizeof(std::uintptr_t);
constexpr std::size_t kMostWords = 512;  // that are looked at in a block

std::uintptr_t read_word(const void* at) {
  std::uintptr_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// So that what has it as its second word is an object of Python's, which answers for itself.
bool is_class(std::uintptr_t type, const MappedMemory& mapped) {
  PyObject head{};
  return type % kWord == 0 && read_memory(type, &head, sizeof head, mapped) &&
         head.ob_type == &PyType_Type;
}

// What is before the address of the data that it is of.
bool is_typed_view(std::uintptr_t address, const MappedMemory& mapped) {
  PyObject head{};
  if (address % kWord != 0 || !read_memory(address, &head, sizeof head, mapped) ||
      !is_class(reinterpret_cast<std::uintptr_t>(head.ob_type), mapped))
    return false;
  const std::string type = head.ob_type->tp_name;
  return ends_with(type, ".memoryview") || ends_with(type, "._memoryviewslice");
}

// What is in the block that malloc() has given at an address; nothing if that is none.
std::vector<std::uintptr_t> block_at(std::uintptr_t address, const MappedMemory& mapped) {
  constexpr std::size_t kLargest = std::size_t{1} << 20;
  const std::size_t size = malloc_block_size(address, mapped);
  if (size == 0 || size > kLargest) return {};
  std::vector<std::uintptr_t> words(std::min(size / kWord, kMostWords));
  if (!read_memory(address, words.data(), words.size() * kWord, mapped)) return {};
  if (is_class(words[1], mapped)) return {};
  return words;
}

Py_ssize_t object_size(PyObject* object) {
  return compiled_base(Py_TYPE(object))->tp_basicsize / kWord * kWord;
}

// Where the numbers are that its typed views show. Pointers of its own lead there as well, and
// malloc() gives more than it was asked for: what is behind the numbers is left from others.
std::set<std::uintptr_t> typed_data(PyObject* object, const MappedMemory& mapped) {
  const auto* bytes = reinterpret_cast<const char*>(object);
  const Py_ssize_t last = object_size(object) - kWord;
  std::set<std::uintptr_t> found;
  for (Py_ssize_t at = PyBaseObject_Type.tp_basicsize; at < last; at += kWord) {
    const std::uintptr_t view = read_word(bytes + at), data = read_word(bytes + at + kWord);
    if (data != 0 && is_typed_view(view, mapped)) found.insert(data);
  }
  return found;
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
               const std::function<bool(WordPlace, std::uintptr_t)>& seen) {
  const auto* bytes = reinterpret_cast<const char*>(object);
  const Py_ssize_t size = object_size(object);
  const std::set<std::uintptr_t> numbers = typed_data(object, mapped);
  for (Py_ssize_t at = PyBaseObject_Type.tp_basicsize; at < size; at += kWord) {
    const std::uintptr_t word = read_word(bytes + at);
    if (word == 0 || !seen({at, -1}, word) || numbers.count(word) != 0) continue;
    const std::vector<std::uintptr_t> block = block_at(word, mapped);
    for (std::size_t i = 0; i < block.size(); ++i)
      if (block[i] != 0) seen({at, static_cast<Py_ssize_t>(i) * kWord}, block[i]);
  }
}

std::optional<std::uintptr_t> word_at(PyObject* object, const MappedMemory& mapped,
                                      WordPlace place) {
  if (place.offset + kWord > object_size(object)) return std::nullopt;
  const std::uintptr_t word = read_word(reinterpret_cast<const char*>(object) + place.offset);
  if (place.inner < 0) return word;
  const std::vector<std::uintptr_t> block = block_at(word, mapped);
  const auto index = static_cast<std::size_t>(place.inner / kWord);
  return index < block.size() ? std::optional(block[index]) : std::nullopt;
}

}  // namespace chkpt::heap
