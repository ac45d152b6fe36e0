// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/first_addresses.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/malloc_block.hpp"
#include "base/text.hpp"
#include "python/heap/call.hpp"
#include "python/heap/modules/library_baseline.hpp"
#include "python/heap/modules/library_contents.hpp"
#include "python/heap/compiled/live_objects.hpp"
#include "python/heap/modules/module_entries.hpp"
#include "python/heap/packages/fortran_data.hpp"

namespace chkpt::heap {
namespace {

bool is_of_library(PyObject* definition) {
  const Ref module = attr_or_null(definition, "__module__");
  LibraryBaseline* const baseline = library_baseline();
  return !module || !PyUnicode_Check(module.get()) || !baseline ||
         !baseline->by_value.module_named(module.get());
}

// The constants that Cython puts into each module with memoryviews.
bool is_constant_of_cython(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  return ends_with(type->tp_name, ".Enum") && type->tp_dict && find(type->tp_dict, "__reduce__") &&
         type->tp_basicsize == sizeof(PyObject) + sizeof(PyObject*);
}

// A member of an enumeration, for instance.
bool is_constant_of_its_class(PyObject* object) {
  PyObject *name = nullptr, *value = nullptr;
  PyObject* names = Py_TYPE(object)->tp_dict;
  for (Py_ssize_t at = 0; names && PyDict_Next(names, &at, &name, &value);)
    if (value == object) return true;
  return false;
}

// ---- memory that C code allocates

// As malloc_block_size(), for the small pieces that Python's own allocator cuts from pools (struct
// pool_header in its obmalloc.c).
std::size_t size_of_piece(const MappedMemory& writable, Word address) {
  struct Pool {
    Word used;
    void *free, *next, *previous;
    unsigned arena, size_class, next_offset, last_offset;
  };
  constexpr Word kPool = Word{1} << 14, kUnit = 16, kClasses = 32;
  const Word start = address & ~(kPool - 1);
  if (address - start < sizeof(Pool) || !writable.contains(start, kPool)) return 0;
  Pool pool{};
  std::memcpy(&pool, reinterpret_cast<const void*>(start), sizeof pool);  // NOLINT
  const std::size_t size = (pool.size_class + std::size_t{1}) * kUnit;
  if (pool.size_class >= kClasses || pool.last_offset != kPool - size ||
      (pool.used & UINT32_MAX) == 0 || (pool.used & UINT32_MAX) > kPool / size)
    return 0;
  return (address - start - sizeof(Pool)) % size == 0 ? size : 0;
}

std::size_t size_of_memory(const MappedMemory& writable, Word address) {
  const std::size_t size = size_of_piece(writable, address);
  return size != 0 ? size : malloc_block_size(address, writable);
}

constexpr std::size_t kMostBlocks = 10000, kLargestCopy = std::size_t{16} << 20;

ByteView bytes_of(const FirstAddresses::Block& block) {
  return {reinterpret_cast<const void*>(block.begin), block.size};  // NOLINT
}

bool is_copied(const FirstAddresses::Block& block) {
  return !block.parent && block.size <= kLargestCopy;
}

}  // namespace

bool is_made_again(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  if (object == Py_None || PyBool_Check(object) || PyLong_CheckExact(object) ||
      PyFloat_CheckExact(object) || PyComplex_CheckExact(object) || PyUnicode_CheckExact(object) ||
      PyBytes_CheckExact(object) || object == Py_Ellipsis || object == Py_NotImplemented ||
      type == &PyBaseObject_Type)
    return true;
  if (PyModule_Check(object) || is_module_namespace(object) || is_constant_of_cython(object) ||
      is_constant_of_its_class(object) || PyCapsule_CheckExact(object) || PyCFunction_Check(object))
    return true;
  if (PyTuple_CheckExact(object)) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(object); ++i)
      if (!is_made_again(PyTuple_GET_ITEM(object, i))) return false;
    return true;
  }
  const std::string kind = type->tp_name;
  if (is_fortran_type(type)) return true;  // f2py's routines and modules: process/fortran.cpp
  const bool is_definition = PyType_Check(object) || PyFunction_Check(object) ||
                             ends_with(kind, "cython_function_or_method") ||
                             ends_with(kind, "builtin_function_or_method") ||
                             ends_with(kind, "fused_cython_function") ||
                             ends_with(kind, "nb_func") || ends_with(kind, "method_descriptor");
  return is_definition && is_of_library(object);
}

bool is_container(PyObject* object) {
  return PyDict_Check(object) || PyList_Check(object) || PyAnySet_Check(object);
}

FirstAddresses::FirstAddresses(const std::vector<KeptMemory>& memories, Known known) {
  look_through(
      memories, [](std::size_t, Word, std::size_t) {},
      [&](const FoundAddress& found) { words_.push_back(found); });
  std::vector<Word> addresses;
  std::sort(words_.begin(), words_.end(),
            [](const FoundAddress& a, const FoundAddress& b) { return a.place < b.place; });
  for (const FoundAddress& found : words_) addresses.push_back(found.word);
  if (addresses.empty()) return;
  const LiveObjects objects(addresses);
  for (const Word word : addresses) {
    PyObject* object = objects.at(word);
    // A number or text in a variable may have come from a module that is saved by value. Among what
    // has no names are all texts of Cython's.
    if (object && is_made_again(object) &&
        !(is_atom(object) && (known == Known::kNames || !PyUnicode_CheckExact(object))))
      objects_.emplace(word, Ref::borrow(object));
  }
  if (known != Known::kNothing) add_blocks(objects, known);
  note_objects();
}

// What is in such an object may change while it stays where it is.
void FirstAddresses::note_objects() {
  std::vector<Word> addresses;
  const auto each_address = [&](auto use) {
    for (Block& block : blocks_) {
      if (!is_copied(block)) continue;
      for (Word at = block.begin; at + kWordSize <= block.begin + block.size; at += kWordSize)
        if (may_be_address(word_at(at))) use(block, at);
    }
  };
  each_address([&](Block&, Word at) { addresses.push_back(word_at(at)); });
  if (addresses.empty()) return;
  const LiveObjects objects(std::move(addresses));
  each_address([&](Block& block, Word at) {
    PyObject* object = objects.at(word_at(at));
    if (object && !is_made_again(object)) block.objects.insert(at);
  });
}

bool FirstAddresses::has(Word place, Word word) const {
  const auto found =
      std::lower_bound(words_.begin(), words_.end(), place,
                       [](const FoundAddress& first, Word wanted) { return first.place < wanted; });
  return found != words_.end() && found->place == place && found->word == word;
}

bool FirstAddresses::leave_out_unsaveable(const std::function<std::string(PyObject*)>& why_not,
                                          const std::string& library) {
  std::vector<Word> addresses;
  for (const FoundAddress& found : words_)
    if (word_at(found.place) == found.word && !leaves(found.word)) addresses.push_back(found.word);
  const LiveObjects objects(addresses);
  std::string said;
  int count = 0;
  for (const FoundAddress& found : words_) {
    PyObject* object = word_at(found.place) == found.word ? objects.at(found.word) : nullptr;
    if (!object || is_container(object)) continue;
    if (leaves(found.word) || !asked_for_.insert(found.word).second) continue;
    const std::string why = why_not(object);
    if (why.empty()) continue;
    objects_.emplace(found.word, Ref::borrow(object));
    const std::string& name = found.variable->name;
    if (++count == 1)
      said = (name.empty() ? "an object" : "the variable " + name) + " of " + library + ": " + why;
  }
  if (count > 0)
    log::event("not saved, and as the import makes it: " + said +
               (count > 1 ? "; and " + std::to_string(count - 1) + " more" : ""));
  return count > 0;
}

void FirstAddresses::add_blocks(const LiveObjects& objects, Known known) {
  const MappedMemory writable(Mapped::kWritable);
  std::unordered_set<Word> seen;
  const auto add = [&](Word place, Word word, const Variable* variable, const Block* parent) {
    const std::size_t size = size_of_memory(writable, word);
    if (size == 0 || blocks_.size() == kMostBlocks || !seen.insert(word).second) return;
    Block block{place, word, size, variable, parent, "", {}};
    const ByteView now = bytes_of(block);
    block.first = is_copied(block) ? std::string(now.text()) : hash128(now).hex();
    blocks_.push_back(std::move(block));
  };
  for (const FoundAddress& found : words_)
    if (!objects.at(found.word)) add(found.place, found.word, found.variable, nullptr);
  for (std::size_t i = 0; known == Known::kNames && i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    for (Word at = block.begin; at + kWordSize <= block.begin + block.size; at += kWordSize)
      if (may_be_address(word_at(at))) add(at, word_at(at), block.variable, &block);
  }
}

// The way to it is as it was.
bool FirstAddresses::is_there(const Block& block, const MappedMemory& writable) const {
  return (!block.parent || is_there(*block.parent, writable)) &&
         word_at(block.place) == block.begin && size_of_memory(writable, block.begin) == block.size;
}

std::vector<FirstAddresses::Change> FirstAddresses::changes(const std::string& library) const {
  std::vector<Change> changes;
  const MappedMemory writable(Mapped::kWritable);
  for (const Block& block : blocks_) {
    if (!is_there(block, writable)) continue;
    if (!is_copied(block)) {
      if (hash128(bytes_of(block)).hex() != block.first)
        refuse("memory that the variable " + block.variable->name + " of " + library +
               " leads to has changed since it was loaded");
      continue;
    }
    Change change{&block, {}};
    const Variable all{block.variable->name, block.begin, block.begin + block.size};
    each_word_of(all, [&](Word at, std::size_t size) {
      const char* before = block.first.data() + (at - block.begin);
      if (block.objects.count(at) != 0 ||
          std::memcmp(reinterpret_cast<const void*>(at), before, size) != 0)  // NOLINT
        change.words.push_back({all.name, at, at + size});
    });
    if (!change.words.empty()) changes.push_back(std::move(change));
  }
  return changes;
}

const FirstAddresses::Block* FirstAddresses::block_at(Word place) const {
  for (const Block& block : blocks_)
    if (block.place == place && !block.parent) return &block;
  return nullptr;
}

}  // namespace chkpt::heap
