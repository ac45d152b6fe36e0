// SPDX-License-Identifier: BSD-3-Clause
// The memory that a save writes out: which arrays and buffers it is of. Notes cost next to nothing;
// where each of them lies is only asked if there are objects that may point into it.
#pragma once

#include "python/ref.hpp"

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "python/heap/pointer_table.hpp"

namespace chkpt::heap {

class SavedMemory {
 public:
  struct Block {
    std::uintptr_t start, end;
    PyObject* owner;  // whose contents are written
  };

  // Of a compiled class, which may point into memory of others.
  struct Compiled {
    PyObject* object;
    std::size_t handed_from, handed_to;  // arrays in its reduce value, in `handed()`
  };

  // All that is noted must live until the last question.
  void note_array(PyObject* array) { arrays_.push_back(array); }  // an owner or a view
  void note_owner(PyObject* array_or_buffer) { owners_.push_back(array_or_buffer); }
  void note_compiled(PyObject* object, PyObject* reduce_value);

  const std::vector<Compiled>& compiled() const { return compiled_; }
  PyObject* handed(std::size_t i) const { return handed_[i]; }
  bool has_any() const { return !owners_.empty() && !compiled_.empty(); }

  // These look at what was noted before the first of them was called. Needs the GIL.
  const Block* block_with(std::uintptr_t address);    // null: in none of them
  bool is_saved_array(std::uintptr_t address);        // whether an array object is there
  std::vector<PyObject*> arrays_of(PyObject* owner);  // those of its memory, it first
  // One of them that shows the same as this view, or the view.
  Ref array_like(const Ref& view);

 private:
  void note_arrays_in(PyObject* reduce_value, int depth);
  bool is_array(PyObject* object);
  void index();

  std::vector<PyObject*> arrays_, owners_, handed_;
  std::vector<Compiled> compiled_;
  // New arrays in reduce values, which nobody else has, are no memory that can be shared.
  std::unordered_set<PyObject*> new_;
  Ref array_type_;
  std::vector<Block> blocks_;          // by their start
  std::vector<std::uintptr_t> reach_;  // the highest end of this block and all before
  PointerTable<bool> array_objects_;
  bool indexed_ = false;
};

// What has the memory that an array shows: another array or a buffer, as it is saved.
PyObject* memory_owner(PyObject* array_or_buffer);  // borrowed from the array

}  // namespace chkpt::heap
