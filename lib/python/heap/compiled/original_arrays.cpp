// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/original_arrays.hpp"

#include <cstring>
#include <optional>
#include <string>

#include "python/heap/call.hpp"
#include "python/heap/packages/numpy_arrays.hpp"
#include "python/heap/saver.hpp"
#include "python/heap/compiled/scratch_copies.hpp"

namespace chkpt::heap {
namespace {

constexpr Py_ssize_t kWord = sizeof(std::uintptr_t);

std::uintptr_t data_of(PyObject* array) {
  return reinterpret_cast<std::uintptr_t>(fields_of(array)->data);
}
std::uintptr_t address(PyObject* object) { return reinterpret_cast<std::uintptr_t>(object); }

// ---- which array could it be

std::vector<Py_ssize_t> shape_of(PyObject* array) {
  const ArrayFields* fields = fields_of(array);
  return {fields->shape, fields->shape + fields->dimensions};
}
std::vector<Py_ssize_t> strides_of(PyObject* array) {
  const ArrayFields* fields = fields_of(array);
  return {fields->strides, fields->strides + fields->dimensions};
}

bool same_bytes(const char* a, const char* b, PyObject* x, PyObject* y, int axis,
                Py_ssize_t itemsize) {
  if (axis == fields_of(x)->dimensions)
    return std::memcmp(a, b, static_cast<std::size_t>(itemsize)) == 0;
  for (Py_ssize_t i = 0; i < fields_of(x)->shape[axis]; ++i)
    if (!same_bytes(a + i * fields_of(x)->strides[axis], b + i * fields_of(y)->strides[axis], x, y,
                    axis + 1, itemsize))
      return false;
  return true;
}

// Of numbers, bit by bit.
bool same_contents(PyObject* a, PyObject* b) {
  if (shape_of(a) != shape_of(b) || has_objects(a) || has_objects(b)) return false;
  if (!ok(PyObject_RichCompareBool(attr(a, "dtype").get(), attr(b, "dtype").get(), Py_EQ)))
    return false;
  return same_bytes(fields_of(a)->data, fields_of(b)->data, a, b, 0,
                    integer(attr(a, "itemsize").get()));
}

// Where a typed view of Cython's begins with its data: behind that are the shape and the strides,
// each with room for eight. The strides at `place` in `object`, if `again` has those of `copy`
// there.
std::optional<std::vector<Py_ssize_t>> typed_strides(PyObject* object, PyObject* again,
                                                     PyObject* copy, WordPlace place,
                                                     const MappedMemory& mapped) {
  constexpr Py_ssize_t kMostAxes = 8;
  if (place.inner >= 0 || fields_of(copy)->dimensions > kMostAxes) return std::nullopt;
  std::vector<Py_ssize_t> strides;
  for (int i = 0; i < fields_of(copy)->dimensions; ++i) {
    const WordPlace shape_at{place.offset + kWord * (1 + i), -1};
    const WordPlace stride_at{place.offset + kWord * (1 + kMostAxes + i), -1};
    const auto length = static_cast<std::uintptr_t>(fields_of(copy)->shape[i]);
    const auto stride = static_cast<std::uintptr_t>(fields_of(copy)->strides[i]);
    const auto now = word_at(object, mapped, stride_at);
    if (!now || word_at(object, mapped, shape_at) != length ||
        word_at(again, mapped, shape_at) != length || word_at(again, mapped, stride_at) != stride)
      return std::nullopt;
    strides.push_back(static_cast<Py_ssize_t>(*now));
  }
  return strides;
}

Ref tuple_of(const std::vector<Py_ssize_t>& numbers) {
  const Ref list = new_list();
  for (const Py_ssize_t one : numbers) append(list, number(one));
  return own(PyList_AsTuple(list.get()));
}

// A view of the block's memory from `start` on, with the shape and the type of `like`; null if it
// would reach beyond it.
Ref view_of(const SavedMemory::Block& block, std::uintptr_t start, PyObject* like,
            const std::vector<Py_ssize_t>& strides) {
  const Ref owner = is_array(block.owner) ? contiguous(block.owner) : Ref::borrow(block.owner);
  if (!owner || start < block.start || start >= block.end) return {};
  Ref made = Ref::steal(PyObject_CallFunctionObjArgs(
      numpy("ndarray").get(), tuple_of(shape_of(like)).get(), attr(like, "dtype").get(),
      owner.get(), number(static_cast<long long>(start - block.start)).get(),
      tuple_of(strides).get(), nullptr));
  if (!made) PyErr_Clear();
  return made;
}

// The array that stands for `copy`, by a word of the object's that leads to it where the same word
// of `again`, the object once more, leads to the copy of `copy`.
Ref original_of(SavedMemory& memory, PyObject* object, PyObject* again, const Exposure& exposure,
                std::uintptr_t word_again, const ScratchCopies::Array& copied,
                const MappedMemory& mapped) {
  PyObject* copy = copied.copy.get();
  Ref found;
  if (word_again == address(copy)) {
    if (memory.is_saved_array(exposure.word))
      found = Ref::borrow(reinterpret_cast<PyObject*>(exposure.word));  // NOLINT
  } else {
    const std::uintptr_t start = exposure.word - (word_again - data_of(copy));
    const auto strides = typed_strides(object, again, copy, exposure.place, mapped);
    found = view_of(*exposure.block, start, copy, strides ? *strides : strides_of(copy));
    if (found) found = memory.array_like(found);
  }
  if (!found || !is_writeable(found.get()) || !same_contents(found.get(), copied.original.get()))
    return {};
  return found;
}

// ---- where in a reduce value

PyObject* part_at(PyObject* container, Py_ssize_t index) {
  if (PyTuple_CheckExact(container) || PyList_CheckExact(container))
    return index < PySequence_Fast_GET_SIZE(container) ? PySequence_Fast_GET_ITEM(container, index)
                                                       : nullptr;
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  for (Py_ssize_t i = 0; PyDict_Next(container, &position, &key, &value); ++i)
    if (i == index) return value;
  return nullptr;
}

// The container, or a copy of it, with the array at the end of the way.
Ref with_part(PyObject* container, const std::vector<Py_ssize_t>& way, std::size_t step,
              const Ref& array) {
  PyObject* old = container ? part_at(container, way.at(step)) : nullptr;
  if (!old) refuse("its own pickling says another thing each time");
  const bool is_last = step + 1 == way.size();
  if (is_last && !(is_array(old) && same_contents(old, array.get())))
    refuse("its own pickling says another thing each time");
  const Ref part = is_last ? array : with_part(old, way, step + 1, array);
  if (PyDict_CheckExact(container)) {
    Ref made = own(PyDict_Copy(container));
    PyObject *key = nullptr, *value = nullptr;
    Py_ssize_t position = 0;
    for (Py_ssize_t i = 0; PyDict_Next(container, &position, &key, &value); ++i)
      if (i == way[step]) ok(PyDict_SetItem(made.get(), key, part.get()));
    return made;
  }
  const Ref list = own(PySequence_List(container));
  ok(PyList_SetItem(list.get(), way[step], part.new_ref()));
  return PyTuple_CheckExact(container) ? own(PyList_AsTuple(list.get())) : list;
}

bool leads_into(std::uintptr_t word, PyObject* array) {
  const ByteSpan span = span_of(array);
  return word == address(array) || (word >= span.from && word < span.from + span.size);
}

}  // namespace

void OriginalArrays::begin_save() {
  has_news_ = false;
  order_.clear();
  for (auto& [object, found] : found_) found.met = false;
}

bool OriginalArrays::find(Saver& saver, PyObject* object, const std::vector<Exposure>& exposures,
                          const std::unordered_set<PyObject*>& compiled) {
  ScratchCopies copies(saver, compiled);
  const Ref again = copies.remake(object);
  if (!again) return false;
  const MappedMemory mapped(Mapped::kWritable);
  Found found{Ref::borrow(object), {}, {}, false};
  std::unordered_map<const ScratchCopies::Array*, PyObject*> chosen;
  for (const Exposure& exposure : exposures) {
    const std::uintptr_t word = word_at(again.get(), mapped, exposure.place).value_or(0);
    if (word == 0) continue;  // it will be set when it is needed, from what the object has then
    const ScratchCopies::Array* led_to = nullptr;
    for (const ScratchCopies::Array& array : copies.arrays())
      if (leads_into(word, array.copy.get())) led_to = &array;
    if (!led_to) return false;
    if (led_to->is_nested) continue;
    PyObject*& array = chosen[led_to];
    if (!array) {
      const Ref original =
          original_of(saver.memory(), object, again.get(), exposure, word, *led_to, mapped);
      if (!original) continue;
      found.replacements.push_back({led_to->way, original});
      array = original.get();
    }
    const bool is_itself = word == address(led_to->copy.get());
    const auto offset = static_cast<Py_ssize_t>(word - data_of(led_to->copy.get()));
    if (exposure.word ==
        (is_itself ? address(array) : data_of(array) + static_cast<std::uintptr_t>(offset)))
      found.checks.push_back({exposure.place, Ref::borrow(array), is_itself ? -1 : offset});
  }
  found_[object] = std::move(found);
  has_news_ = true;
  return true;
}

Ref OriginalArrays::put_into(PyObject* object, const Ref& reduce_value) {
  const auto known = found_.find(object);
  if (known == found_.end()) return reduce_value;
  Found& found = known->second;
  Ref value = reduce_value;
  for (const Replacement& one : found.replacements)
    value = with_part(value.get(), one.way, 0, one.array);
  if (!found.met) order_.push_back(object);
  found.met = true;
  return value;
}

// [(object, offset, inner, array, offset in it)]
Ref OriginalArrays::checks() const {
  const Ref list = new_list();
  for (PyObject* object : order_)
    for (const Check& one : found_.at(object).checks)
      append(list, pack(object, number(one.place.offset), number(one.place.inner), one.array,
                        number(one.offset)));
  return PyList_GET_SIZE(list.get()) > 0 ? list : Ref();
}

void check_shared_memory(PyObject* checks) {
  const MappedMemory mapped(Mapped::kWritable);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(checks); ++i) {
    PyObject* one = PyList_GET_ITEM(checks, i);
    PyObject *object = item(one, 0), *array = item(one, 3);
    const WordPlace place{static_cast<Py_ssize_t>(integer(item(one, 1))),
                          static_cast<Py_ssize_t>(integer(item(one, 2)))};
    const long long offset = integer(item(one, 4));
    const std::uintptr_t expected =
        offset < 0 ? address(array) : data_of(array) + static_cast<std::uintptr_t>(offset);
    if (word_at(object, mapped, place) != expected)
      broken(std::string("an object of ") + Py_TYPE(object)->tp_name +
             " no longer works in the memory of the array that it had");
  }
}

}  // namespace chkpt::heap
