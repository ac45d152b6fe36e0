// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/saved_memory.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "python/heap/call.hpp"
#include "python/heap/packages/numpy_arrays.hpp"

namespace chkpt::heap {

bool SavedMemory::is_array(PyObject* object) {
  if (!PyObject_CheckBuffer(object)) return false;
  if (!array_type_) array_type_ = loaded_module("numpy") ? loaded_attr("numpy", "ndarray") : Ref();
  return array_type_ &&
         PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(array_type_.get()));
}

void SavedMemory::note_arrays_in(PyObject* value, int depth) {
  constexpr int kDeepest = 3;
  if (is_array(value)) {
    if (Py_REFCNT(value) == 1) new_.insert(value);
    handed_.push_back(value);
  }
  if (depth == kDeepest) return;
  if (PyTuple_CheckExact(value) || PyList_CheckExact(value)) {
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(value); ++i)
      note_arrays_in(PySequence_Fast_GET_ITEM(value, i), depth + 1);
  } else if (PyDict_CheckExact(value)) {
    PyObject *key = nullptr, *one = nullptr;
    for (Py_ssize_t position = 0; PyDict_Next(value, &position, &key, &one);)
      note_arrays_in(one, depth + 1);
  }
}

void SavedMemory::note_compiled(PyObject* object, PyObject* reduce_value) {
  const std::size_t from = handed_.size();
  note_arrays_in(reduce_value, 0);
  compiled_.push_back({object, from, handed_.size()});
}

namespace {

// Bytes of an element, asked once for each of the arrays' types.
class ItemSizes {
 public:
  Py_ssize_t of(PyObject* array) {
    const PyObject* type = fields_of(array)->descr;
    const auto [found, is_new] = sizes_.try_emplace(type, 0);
    if (is_new) found->second = integer(attr(array, "itemsize").get());
    return found->second;
  }

 private:
  std::unordered_map<const PyObject*, Py_ssize_t> sizes_;  // alive by the arrays
};

SavedMemory::Block block_of_buffer(PyObject* owner) {
  Py_buffer view;
  if (PyObject_GetBuffer(owner, &view, PyBUF_SIMPLE) != 0) {
    PyErr_Clear();  // closed, or not in one piece
    return {0, 0, owner};
  }
  const auto start = reinterpret_cast<std::uintptr_t>(view.buf);
  const auto size = static_cast<std::uintptr_t>(view.len);
  PyBuffer_Release(&view);
  return {start, start + size, owner};
}

}  // namespace

void SavedMemory::index() {
  if (indexed_) return;
  indexed_ = true;
  ItemSizes sizes;
  for (PyObject* owner : owners_) {
    if (new_.count(owner)) continue;
    Block block = {0, 0, owner};
    if (is_array(owner)) {
      const ByteSpan span = span_of(owner, sizes.of(owner));
      block = {span.from, span.from + span.size, owner};
    } else {
      block = block_of_buffer(owner);
    }
    if (block.start != block.end) blocks_.push_back(block);
  }
  std::sort(blocks_.begin(), blocks_.end(),
            [](const Block& a, const Block& b) { return a.start < b.start; });
  std::uintptr_t reach = 0;
  for (const Block& block : blocks_) reach_.push_back(reach = std::max(reach, block.end));
  for (PyObject* array : arrays_)
    if (!new_.count(array)) array_objects_.insert(array, true);
}

const SavedMemory::Block* SavedMemory::block_with(std::uintptr_t address) {
  index();
  const auto after = std::upper_bound(
      blocks_.begin(), blocks_.end(), address,
      [](std::uintptr_t value, const Block& block) { return value < block.start; });
  for (auto i = after - blocks_.begin(); i-- > 0;) {
    const auto at = static_cast<std::size_t>(i);
    if (reach_[at] <= address) return nullptr;
    if (address < blocks_[at].end) return &blocks_[at];
  }
  return nullptr;
}

bool SavedMemory::is_saved_array(std::uintptr_t address) {
  index();
  return array_objects_.find(reinterpret_cast<const void*>(address)) != nullptr;  // NOLINT
}

std::vector<PyObject*> SavedMemory::arrays_of(PyObject* owner) {
  std::vector<PyObject*> found = {owner};
  for (PyObject* array : arrays_)
    if (array != owner && !new_.count(array) && memory_owner(array) == owner)
      found.push_back(array);
  return found;
}

Ref SavedMemory::array_like(const Ref& view) {
  const ArrayFields* wanted = fields_of(view.get());
  for (PyObject* array : arrays_) {
    const ArrayFields* fields = fields_of(array);
    if (fields->data != wanted->data || fields->dimensions != wanted->dimensions ||
        fields->descr != wanted->descr || Py_TYPE(array) != Py_TYPE(view.get()) ||
        new_.count(array))
      continue;
    const auto axes = static_cast<std::size_t>(fields->dimensions) * sizeof(Py_ssize_t);
    if (std::memcmp(fields->shape, wanted->shape, axes) == 0 &&
        std::memcmp(fields->strides, wanted->strides, axes) == 0)
      return Ref::borrow(array);
  }
  return view;
}

PyObject* memory_owner(PyObject* object) {
  if (!loaded_module("numpy") || !is_array(object)) return object;
  const Ref owner = owner_of(object);
  const Ref base = attr(owner, "base");
  PyObject* behind = base.get();
  if (PyMemoryView_Check(behind)) behind = PyMemoryView_GET_BASE(behind);
  const bool is_buffer = behind && behind != Py_None && PyObject_CheckBuffer(behind);
  return is_buffer && !typed_memory_of(owner.get()) ? behind : owner.get();
}

}  // namespace chkpt::heap
