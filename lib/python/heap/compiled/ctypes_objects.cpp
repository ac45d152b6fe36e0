// SPDX-License-Identifier: BSD-3-Clause
// Objects of ctypes. One that has memory of its own is made anew and gets the bytes back; one in
// the memory of another leads there again. Addresses in the memory are put in when everything is
// loaded: structures lead to each other in circles.
#include <Python.h>

#include <cstring>
#include <utility>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/compiled/ctypes_memory.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

constexpr Py_ssize_t kOutOfBandBytes = 1024;

PyObject* or_null(PyObject* object) { return object ? object : frames::null_marker(); }
PyObject* from_null(PyObject* saved) {
  return saved == frames::null_marker() ? nullptr : Py_NewRef(saved);
}

// ---- at load

// (type, size of its memory)
Ref rebuild_data(Args args) {
  auto* type = reinterpret_cast<PyTypeObject*>(args[0]);
  Ref made = own(layout_of(type).native_base->tp_new(type, own(PyTuple_New(0)).get(), nullptr));
  const Py_ssize_t size = ctypes_data(made.get()).size;
  if (integer(args[1]) > size) call_method(import("_ctypes"), "resize", made, args[1]);
  if (ctypes_data(made.get()).size != integer(args[1]))
    broken("a ctypes class is not complete yet, or has another size than at the snapshot");
  return made;
}
const Rebuilder make_data{"ctypes.data", guarded<rebuild_data>};

void write_content(CtypesData& data, PyObject* content) {
  Py_buffer view;
  ok(PyObject_GetBuffer(content, &view, PyBUF_SIMPLE));
  const bool fits = view.len == data.size;
  if (fits) std::memcpy(data.memory, view.buf, static_cast<std::size_t>(view.len));
  PyBuffer_Release(&view);
  if (!fits) broken("a ctypes object has lost some of its memory");
}

void borrow_memory(CtypesData& data, PyObject* place) {
  if (data.frees_memory && data.memory != data.small.bytes) PyMem_Free(data.memory);
  data.frees_memory = 0;
  data.memory = address_at(place);
  if (!data.memory) broken("a ctypes object is needed before the one that has its memory");
}

// [(offset, place, or a tuple of the object itself)]
void write_addresses(const CtypesData& data, PyObject* addresses) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(addresses); ++i) {
    PyObject* one = PyList_GET_ITEM(addresses, i);
    PyObject* place = item(one, 1);
    void* address = PyTuple_GET_SIZE(place) == 1 ? static_cast<void*>(item(place, 0))
                                                 : static_cast<void*>(address_at(place));
    std::memcpy(data.memory + integer(item(one, 0)), &address, sizeof address);
  }
}

// (object, (content or place, addresses, base, kept, index, instance state))
Ref fill_data(Args args) {
  CtypesData& data = ctypes_data(args[0]);
  PyObject* state = args[1];
  data.base = from_null(item(state, 2));
  Py_XSETREF(data.kept, from_null(item(state, 3)));
  data.index = integer(item(state, 4));
  restore_instance_state(args[0], item(state, 5));
  if (PyTuple_Check(item(state, 0)))
    borrow_memory(data, item(state, 0));
  else
    write_content(data, item(state, 0));
  if (PyList_GET_SIZE(item(state, 1)) > 0)
    Loader::current().when_complete(
        [object = Ref::borrow(args[0]), addresses = Ref::borrow(item(state, 1))] {
          write_addresses(ctypes_data(object.get()), addresses.get());
        });
  return none();
}
const Rebuilder set_data{"ctypes.data.state", guarded<fill_data>};

Ref rebuild_reference(Args args) {
  return call_method(import("_ctypes"), "byref", args[0], args[1]);
}
const Rebuilder make_reference{"ctypes.byref", guarded<rebuild_reference>};

Ref rebuild_wide_text(Args args) {
  return attr(call(attr(import("ctypes"), "c_wchar_p"), args[0]), "_objects");
}
const Rebuilder make_wide_text{"ctypes.wide_text", guarded<rebuild_wide_text>};

// ---- at save

// The place of an address in an object's memory.
Ref place_of(Saver& saver, OwnedMemory& kept, const char* address) {
  if (Ref place = kept.place_of(address)) return place;
  if (Ref place = saver.all_memory().place_of(address)) return place;
  refuse("a ctypes object with an address in memory that no object is known to own (C's own?)");
}

bool is_kept(PyObject* object, PyObject* kept) {
  if (!kept || object == kept) return kept != nullptr;
  if (!PyDict_Check(kept)) return false;
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(kept, &position, &name, &value);)
    if (value == object || (PyDict_Check(value) && is_kept(object, value))) return true;
  return false;
}

// py_object holds an object by its address alone, in an array or a structure too.
Ref object_in(PyObject* holder, void* address) {
  PyObject* root = holder;
  while (ctypes_data(root).base) root = ctypes_data(root).base;
  auto* object = static_cast<PyObject*>(address);
  if (!is_kept(object, ctypes_data(root).kept) && !is_kept(object, ctypes_data(holder).kept))
    refuse("a py_object that does not keep its object alive");
  return pack(object);
}

Ref addresses_in(Saver& saver, PyObject* object, OwnedMemory& kept,
                 const std::vector<PointerSlot>& slots) {
  const CtypesData& data = ctypes_data(object);
  Ref addresses = new_list();
  for (const PointerSlot& slot : slots) {
    char* address = nullptr;
    if (slot.offset + static_cast<Py_ssize_t>(sizeof address) > data.size) continue;
    std::memcpy(&address, data.memory + slot.offset, sizeof address);
    if (!address) continue;
    const Ref place = slot.of_object ? object_in(object, address) : place_of(saver, kept, address);
    append(addresses, pack(number(slot.offset), place));
  }
  return addresses;
}

// Without the addresses: they are not the same in two processes.
Ref content_of(Saver& saver, PyObject* object, const std::vector<PointerSlot>& slots) {
  const CtypesData& data = ctypes_data(object);
  if (slots.empty() && data.size >= kOutOfBandBytes) return saver.own_buffer(object);
  Ref bytes = own(PyBytes_FromStringAndSize(data.memory, data.size));
  for (const PointerSlot& slot : slots)
    if (slot.offset + static_cast<Py_ssize_t>(sizeof(void*)) <= data.size)
      std::memset(PyBytes_AS_STRING(bytes.get()) + slot.offset, 0, sizeof(void*));
  return bytes;
}

Ref place_of_memory(Saver& saver, const CtypesData& data, OwnedMemory& kept) {
  if (!kept.holds(data.memory, data.size) && !saver.all_memory().holds(data.memory, data.size))
    refuse("a ctypes object in memory that no object is known to own (C's own?)");
  return place_of(saver, kept, data.memory);
}

}  // namespace

Ref reduce_ctypes_data(Saver& saver, PyObject* object, Rule& rule) {
  if (!rule.layout.native_base) rule.layout = layout_of(rule.type);
  if (ctypes_kind(rule.type) == CtypesKind::kFunction)
    return reduce_ctypes_function(saver, object, rule);
  return reduce_ctypes_borrowed(saver, object, rule);
}

Ref reduce_ctypes_borrowed(Saver& saver, PyObject* object, Rule& rule) {
  const CtypesData& data = ctypes_data(object);
  const std::vector<PointerSlot> slots = pointer_slots(rule.type);
  OwnedMemory kept;
  if (!slots.empty() || !data.frees_memory) kept.add_kept_by(object);
  const Ref memory =
      data.frees_memory ? content_of(saver, object, slots) : place_of_memory(saver, data, kept);
  const Ref state =
      pack(memory, addresses_in(saver, object, kept, slots), or_null(data.base), or_null(data.kept),
           number(data.index), instance_state(saver, object, rule));
  return reduced(make_data, pack(rule.type, number(data.size)), state, set_data);
}

void check_ctypes_addresses(Saver& saver, PyObject* object) {
  if (ctypes_kind(Py_TYPE(object)) == CtypesKind::kFunction) return;
  const std::vector<PointerSlot> slots = pointer_slots(Py_TYPE(object));
  if (slots.empty()) return;
  OwnedMemory kept;
  kept.add_kept_by(object);
  addresses_in(saver, object, kept, slots);
}

Ref reduce_ctypes_reference(Saver&, PyObject* object, Rule& rule) {
  const auto& reference = *reinterpret_cast<const CtypesReference*>(object);
  const bool known = rule.type->tp_basicsize == sizeof(CtypesReference) && reference.tag == 'P' &&
                     reference.object && is_ctypes_object(reference.object) &&
                     attr(object, "_obj").is(reference.object);
  if (!known) refuse("an argument of a ctypes call that byref() has not made");
  const auto offset = reference.value.address - ctypes_data(reference.object).memory;
  return reduced(make_reference, pack(reference.object, number(offset)));
}

// What c_wchar_p keeps: text in memory of its own.
Ref reduce_capsule(Saver&, PyObject* capsule, Rule&) {
  const char* name = PyCapsule_GetName(capsule);
  if (Ref fields = reduce_ctypes_fields(capsule)) return fields;
  if (!name || std::strcmp(name, "_ctypes/cfield.c pymem") != 0)
    refuse(std::string("a capsule of C code's, ") + (name ? name : "without a name"));
  const auto* start = static_cast<const wchar_t*>(PyCapsule_GetPointer(capsule, name));
  return reduced(make_wide_text, pack(own(PyUnicode_FromWideChar(start, -1))));
}

}  // namespace chkpt::heap
