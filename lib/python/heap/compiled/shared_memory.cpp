// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/shared_memory.hpp"

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "base/mapped_memory.hpp"
#include "python/heap/call.hpp"
#include "python/heap/compiled/compiled_words.hpp"
#include "python/heap/packages/numpy_arrays.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

using Block = SavedMemory::Block;

// An array that shows memory of the object itself, as the nodes of scikit-learn's trees.
bool is_owned_by(PyObject* array, PyObject* object) {
  return PyObject_CheckBuffer(array) && loaded_module("numpy") && is_array(array) &&
         fields_of(array)->base == object;
}

std::uintptr_t start_of(PyObject* array) {
  return reinterpret_cast<std::uintptr_t>(fields_of(array)->data);
}

std::vector<Exposure> exposures_of(PyObject* object, SavedMemory& memory,
                                   const MappedMemory& mapped) {
  std::vector<Exposure> found;
  each_word(object, mapped, [&](WordPlace place, std::uintptr_t word) {
    const bool is_array = memory.is_saved_array(word);
    const Block* block =
        memory.block_with(is_array ? start_of(reinterpret_cast<PyObject*>(word)) : word);  // NOLINT
    if (block && block->owner != object && !is_owned_by(block->owner, object))
      found.push_back({place, word, block});
    return !block;
  });
  return found;
}

// The memory that is reached through what an object's pickling hands over.
class HandedOver {
 public:
  HandedOver(Saver& saver, const std::unordered_set<PyObject*>& compiled)
      : saver_(saver), compiled_(compiled) {}

  void look_behind(PyObject* compiled) {
    seen_.insert(compiled);
    add_reduced(compiled);
    while (!next_.empty() && seen_.size() < kMost) {
      PyObject* object = next_.back();
      next_.pop_back();
      if (seen_.insert(object).second) look_at(object);
    }
  }
  bool has(const Block* block) const { return blocks_.count(block) != 0; }

 private:
  static constexpr std::size_t kMost = 100'000;

  void add_reduced(PyObject* compiled) {
    Rule& rule = saver_.rule_of(Py_TYPE(compiled));
    keep_.push_back(saver_.reduce_by_rule(compiled, rule));
    next_.push_back(keep_.back().get());
  }

  void look_at(PyObject* object) {
    if (PyType_Check(object) || PyModule_Check(object) || PyFunction_Check(object)) return;
    if (compiled_.count(object)) add_reduced(object);
    if (PyObject_CheckBuffer(object)) add_memory_of(object);
    if (PyObject_CheckBuffer(object) || compiled_.count(object)) return;
    if (!Py_TYPE(object)->tp_traverse) return;
    for (PyObject* held : referents(object)) next_.push_back(held);
  }

  void add_memory_of(PyObject* object) {
    std::uintptr_t start = 0;
    if (loaded_module("numpy") && is_array(object)) {
      start = start_of(object);
    } else {
      Py_buffer view;
      if (PyObject_GetBuffer(object, &view, PyBUF_FULL_RO) != 0) return PyErr_Clear();
      start = reinterpret_cast<std::uintptr_t>(view.buf);
      PyBuffer_Release(&view);
    }
    if (const Block* block = saver_.memory().block_with(start)) blocks_.insert(block);
  }

  Saver& saver_;
  const std::unordered_set<PyObject*>& compiled_;  // all that this save has taken apart
  std::unordered_set<PyObject*> seen_;             // alive by `keep_`, or by who holds them
  std::vector<PyObject*> next_;
  std::vector<Ref> keep_;
  std::unordered_set<const Block*> blocks_;
};

// As a rule the arrays themselves are in its reduce value.
bool hands_over_directly(SavedMemory& memory, const SavedMemory::Compiled& one,
                         const std::vector<Exposure>& exposures) {
  std::unordered_set<const Block*> blocks;
  for (std::size_t i = one.handed_from; i < one.handed_to; ++i)
    blocks.insert(memory.block_with(start_of(memory.handed(i))));
  return std::all_of(exposures.begin(), exposures.end(),
                     [&](const Exposure& exposure) { return blocks.count(exposure.block) != 0; });
}

}  // namespace

void check_memory_stays_shared(Saver& saver, OriginalArrays& originals) {
  SavedMemory& memory = saver.memory();
  if (!memory.has_any()) return;
  const MappedMemory mapped(Mapped::kWritable);
  const std::vector<SavedMemory::Compiled> compiled = memory.compiled();
  std::unordered_set<PyObject*> all;
  for (const SavedMemory::Compiled& one : compiled) all.insert(one.object);
  for (const SavedMemory::Compiled& one : compiled) {
    const std::vector<Exposure> exposures = exposures_of(one.object, memory, mapped);
    if (exposures.empty() || hands_over_directly(memory, one, exposures)) continue;
    HandedOver handed(saver, all);
    handed.look_behind(one.object);
    const auto parted =
        std::find_if(exposures.begin(), exposures.end(),
                     [&](const Exposure& exposure) { return !handed.has(exposure.block); });
    if (parted == exposures.end()) continue;
    if (originals.knows(one.object) || !originals.find(saver, one.object, exposures, all))
      saver.refuse_late(one.object, parted->block->owner, "its own pickling makes a copy");
  }
}

}  // namespace chkpt::heap
