// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/ctypes_memory.hpp"

#include <algorithm>
#include <cstring>
#include <cwchar>
#include <string>

#include "python/heap/call.hpp"
#include "python/heap/layout.hpp"
#include "python/heap/packages/numpy_arrays.hpp"

namespace chkpt::heap {
namespace {

constexpr const char* kInBuffer = "buffer";    // from the first byte that the owner shows
constexpr const char* kInBytes = "bytes";      // of a bytes object
constexpr const char* kInCapsule = "capsule";  // what a capsule holds
constexpr const char* kInData = "data";        // of a ctypes object
constexpr const char* kCode = "code";          // by which C calls a callback
constexpr const char* kTarget = "target";      // what a function pointer leads to
constexpr const char* kItself = "object";      // the address of the object
constexpr const char* kSymbol = "symbol";      // (library, name, way)

constexpr const char* kWideText = "_ctypes/cfield.c pymem";  // the capsules of c_wchar_p

// ---- where addresses are

void add_slots(PyTypeObject* type, Py_ssize_t at, std::vector<PointerSlot>& slots);

void add_field_slots(PyTypeObject* type, Py_ssize_t at, std::vector<PointerSlot>& slots) {
  PyObject* mro = type->tp_mro;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); ++i) {
    auto* base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(mro, i));
    PyObject* fields = is_ctypes_type(base) ? find(base->tp_dict, "_fields_") : nullptr;
    for (Py_ssize_t k = 0; fields && k < PySequence_Size(fields); ++k) {
      const Ref field = own(PySequence_GetItem(fields, k));
      PyObject* descriptor = PyDict_GetItemWithError(base->tp_dict, item(field, 0));
      if (!descriptor || std::strcmp(Py_TYPE(descriptor)->tp_name, "_ctypes.CField") != 0)
        refuse("a ctypes structure whose field '" + utf8(item(field, 0)) + "' has been replaced");
      auto* field_type = reinterpret_cast<PyTypeObject*>(item(field, 1));
      add_slots(field_type, at + integer(attr(descriptor, "offset").get()), slots);
    }
  }
}

void add_array_slots(PyTypeObject* type, Py_ssize_t at, std::vector<PointerSlot>& slots) {
  const Ref item_type = attr(raw(type), "_type_");
  std::vector<PointerSlot> of_item;
  add_slots(reinterpret_cast<PyTypeObject*>(item_type.get()), 0, of_item);
  if (of_item.empty()) return;
  const long long size = integer(call_method(import("_ctypes"), "sizeof", item_type).get());
  const long long length = integer(attr(raw(type), "_length_").get());
  for (long long i = 0; i < length; ++i)
    for (const PointerSlot& slot : of_item)
      slots.push_back({at + i * size + slot.offset, slot.of_object});
}

void add_slots(PyTypeObject* type, Py_ssize_t at, std::vector<PointerSlot>& slots) {
  switch (ctypes_kind(type)) {
    case CtypesKind::kSimple: {
      const std::string code = utf8(attr(raw(type), "_type_").get());
      if (code.find_first_of("PzZO") != std::string::npos) slots.push_back({at, code == "O"});
      return;
    }
    case CtypesKind::kArray:
      return add_array_slots(type, at, slots);
    case CtypesKind::kStructure:
    case CtypesKind::kUnion:
      return add_field_slots(type, at, slots);
    case CtypesKind::kPointer:
    case CtypesKind::kFunction:
      slots.push_back({at, false});
  }
}

// ---- what owns memory

class Buffer {
 public:
  Buffer(PyObject* object, int flags) : got_(PyObject_GetBuffer(object, &view_, flags) == 0) {
    if (!got_) PyErr_Clear();
  }
  ~Buffer() {
    if (got_) PyBuffer_Release(&view_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  const Py_buffer* get() const { return got_ ? &view_ : nullptr; }

 private:
  Py_buffer view_{};
  bool got_;
};

bool is_numpy_array(PyObject* object) {
  if (!loaded_module("numpy")) return false;
  const Ref array = loaded_attr("numpy", "ndarray");
  return array && PyType_Check(array.get()) &&
         PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(array.get()));
}

struct Span {
  const char *from, *start;
  Py_ssize_t size;
};

// From the lowest to the highest byte that an array shows, whatever its strides.
Span span_of_array(PyObject* array) {
  const auto* start = reinterpret_cast<const char*>(address_of(array));
  const Ref shape = attr(array, "shape"), strides = attr(array, "strides");
  Py_ssize_t low = 0, high = integer(attr(array, "itemsize").get());
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(shape.get()); ++i) {
    const long long reach = (integer(item(shape, i)) - 1) * integer(item(strides, i));
    if (integer(item(shape, i)) == 0) return {start, start, 0};
    (reach < 0 ? low : high) += reach;
  }
  return {start + low, start, high - low};
}

bool holds_object(PyObject* object) {
  if (ctypes_kind(Py_TYPE(object)) != CtypesKind::kSimple) return false;
  return utf8_attr(reinterpret_cast<PyObject*>(Py_TYPE(object)), "_type_") == "O";
}

bool is_wide_text(PyObject* object) {
  return PyCapsule_CheckExact(object) && PyCapsule_IsValid(object, kWideText);
}

bool shows_memory(PyObject* object) {
  if (PyByteArray_Check(object) || PyMemoryView_Check(object)) return true;
  for (const char* name : {"array.array", "mmap.mmap", "mpi4py.MPI.memory", "mpi4py.MPI.buffer"})
    if (std::strcmp(Py_TYPE(object)->tp_name, name) == 0) return true;
  return false;
}

char* buffer_start(PyObject* object) {
  if (is_numpy_array(object)) return reinterpret_cast<char*>(address_of(object));
  const Buffer buffer(object, PyBUF_FULL_RO);
  if (!buffer.get()) broken("the memory that a ctypes object leads to is not there");
  return static_cast<char*>(buffer.get()->buf);
}

}  // namespace

std::vector<PointerSlot> pointer_slots(PyTypeObject* type) {
  std::vector<PointerSlot> slots;
  add_slots(type, 0, slots);
  return slots;
}

void OwnedMemory::add(const char* from, Py_ssize_t size, const char* start, PyObject* owner,
                      const char* way) {
  blocks_.insert({from, {size, start, Ref::borrow(owner), way}});
  longest_ = std::max(longest_, size);
}

// True if there is nothing more to look for behind the object.
bool OwnedMemory::add_memory_of(PyObject* object) {
  if (PyBytes_Check(object)) {
    const char* start = PyBytes_AS_STRING(object);
    add(start, PyBytes_GET_SIZE(object) + 1, start, object, kInBytes);
  } else if (is_numpy_array(object)) {
    const Span span = span_of_array(object);
    add(span.from, span.size, span.start, object, kInBuffer);
  } else if (shows_memory(object)) {
    const Buffer buffer(object, PyBUF_SIMPLE);
    if (!buffer.get()) return true;
    const auto* start = static_cast<const char*>(buffer.get()->buf);
    add(start, buffer.get()->len, start, object, kInBuffer);
  } else if (is_wide_text(object)) {
    const auto* start = static_cast<const wchar_t*>(PyCapsule_GetPointer(object, kWideText));
    const auto* first = reinterpret_cast<const char*>(start);
    add(first, static_cast<Py_ssize_t>((std::wcslen(start) + 1) * sizeof(wchar_t)), first, object,
        kInCapsule);
  } else if (is_ctypes_thunk(object)) {
    add(thunk_code(object), 1, thunk_code(object), object, kCode);
  } else {
    return false;
  }
  return true;
}

void OwnedMemory::look_at_data(PyObject* object) {
  const CtypesData& data = ctypes_data(object);
  if (data.frees_memory) add(data.memory, data.size, data.memory, object, kInData);
  if (holds_object(object) && data.frees_memory) {
    PyObject* held = nullptr;
    std::memcpy(&held, data.memory, sizeof held);
    const auto* address = reinterpret_cast<const char*>(held);
    if (held && held == data.kept) add(address, 1, address, held, kItself);
  }
  if (data.base) next_.push_back(data.base);
  if (data.kept) next_.push_back(data.kept);
  if (data.frees_memory && ctypes_kind(Py_TYPE(object)) == CtypesKind::kFunction) {
    const char* target = nullptr;
    std::memcpy(&target, data.memory, sizeof target);
    if (target) add(target, 1, target, object, kTarget);
  }
  if (!has_dict(Py_TYPE(object))) return;
  PyObject *name = nullptr, *value = nullptr;  // numpy's `_arr` and `__keep`
  const Ref dict = instance_dict(object);
  for (Py_ssize_t position = 0; dict && PyDict_Next(dict.get(), &position, &name, &value);)
    if (is_ctypes_object(value) || is_numpy_array(value) || shows_memory(value))
      next_.push_back(value);
}

void OwnedMemory::look_at(PyObject* object) {
  if (!seen_.insert(object).second) return;
  if (PyMemoryView_Check(object))
    if (PyObject* shown = PyMemoryView_GET_BASE(object); shown && is_ctypes_object(shown))
      next_.push_back(shown);
  if (add_memory_of(object)) return;
  PyObject *name = nullptr, *value = nullptr;
  if (PyDict_Check(object)) {
    for (Py_ssize_t position = 0; PyDict_Next(object, &position, &name, &value);)
      next_.push_back(value);
  } else if (PyTuple_Check(object) || PyList_Check(object)) {
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(object); ++i)
      next_.push_back(PySequence_Fast_GET_ITEM(object, i));
  } else if (is_ctypes_object(object)) {
    look_at_data(object);
  } else if (is_ctypes_library(object)) {
    libraries_.push_back(Ref::borrow(object));
    if (const Ref functions = instance_dict(object)) next_.push_back(functions.get());
  }
}

bool OwnedMemory::look_further() {
  if (next_.empty()) return false;
  PyObject* one = next_.front();
  next_.pop_front();
  look_at(one);
  return true;
}

void OwnedMemory::add_all() {
  const Ref tracked = collector_objects();
  const auto consider = [&](PyObject* object) {
    const bool owns = is_ctypes_object(object) || is_numpy_array(object) || shows_memory(object);
    if (owns && !PyMemoryView_Check(object)) look_at(object);
    next_.clear();  // comes by itself
  };
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(tracked.get()); ++i) {
    PyObject* object = PyList_GET_ITEM(tracked.get(), i);
    if (object == tracked.get()) continue;
    consider(object);
    if (!Py_TYPE(object)->tp_traverse) continue;
    for (PyObject* held : referents(object)) consider(held);
  }
}

bool OwnedMemory::add_array(PyObject* object) {
  const auto [found, is_new] = are_arrays_.try_emplace(Py_TYPE(object), false);
  if (is_new) {
    const bool shows = shows_memory(object) && !PyMemoryView_Check(object);
    found->second = shows || is_numpy_array(object);
  }
  if (!found->second || !seen_.insert(object).second) return false;
  // One of objects could hold its own address, which would never be written to its end.
  if (is_numpy_array(object) && has_objects(object)) return false;
  return add_memory_of(object);
}

std::vector<Ref> OwnedMemory::owners_of(const char* address) const {
  std::vector<Ref> owners;
  for (auto at = blocks_.upper_bound(address); at != blocks_.begin();) {
    --at;
    const auto behind = address - at->first;
    if (behind > longest_) break;
    if (behind <= at->second.size) owners.push_back(at->second.owner);
  }
  return owners;
}

const OwnedMemory::Block* OwnedMemory::find(const char* address, Py_ssize_t size,
                                            bool whole) const {
  const Block* ends_there = nullptr;
  for (auto at = blocks_.upper_bound(address); at != blocks_.begin();) {
    --at;
    const auto behind = address - at->first;
    if (behind > longest_) break;
    if (behind + size <= at->second.size) return &at->second;
    if (behind == at->second.size) ends_there = &at->second;  // as an iteration in C leaves it
  }
  return whole ? nullptr : ends_there;
}

Ref OwnedMemory::place_of(const char* address) {
  const Block* block = nullptr;
  while (!(block = find(address, 1, true)) && look_further()) {
  }
  if (!block) block = find(address, 1, false);
  if (block) return pack(block->owner, number(address - block->start), text(block->way));
  for (const Ref& library : libraries_)
    if (const Ref name = symbol_at(library.get(), address, nullptr))
      return pack(library, name, text(kSymbol));
  return {};
}

bool OwnedMemory::holds(const char* address, Py_ssize_t size) {
  const Block* block = nullptr;
  while (!(block = find(address, size, true)) && look_further()) {
  }
  return block != nullptr;
}

bool is_target_place(PyObject* place) { return utf8(item(place, 2)) == kTarget; }

char* address_at(PyObject* place) {
  PyObject *owner = item(place, 0), *where = item(place, 1);
  const std::string way = utf8(item(place, 2));
  if (way == kSymbol) return symbol_address(owner, where);
  const long long offset = integer(where);
  if (way == kInBuffer) return buffer_start(owner) + offset;
  if (way == kInBytes) return PyBytes_AsString(owner) + offset;
  if (way == kCode) return thunk_code(owner);
  if (way == kItself) return reinterpret_cast<char*>(owner);
  if (way == kInCapsule) return static_cast<char*>(PyCapsule_GetPointer(owner, kWideText)) + offset;
  char* memory = ctypes_data(owner).memory;
  if (way == kInData) return memory + offset;
  if (way != kTarget) broken("a saved address of unknown kind, " + way);
  char* target = nullptr;
  std::memcpy(&target, memory, sizeof target);
  return target;
}

}  // namespace chkpt::heap
