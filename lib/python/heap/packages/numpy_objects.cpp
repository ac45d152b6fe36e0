// SPDX-License-Identifier: BSD-3-Clause
// numpy arrays of objects, whose items are in the state so that they may lead back to the array,
// and records: scalars that are a view of one item of a structured array.
#include <Python.h>

#include <cstring>

#include "python/heap/call.hpp"
#include "python/heap/packages/numpy_arrays.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// ---- owners: (class, dtype, shape, order); the items follow in C order

Ref rebuild_object_array(Args args) {
  return new_array(args[0], args[2], args[1], none(), number(0), none(), Ref::borrow(args[3]));
}
const Rebuilder make_object_array{"numpy.objects", guarded<rebuild_object_array>};

// (array, (instance state, writeable, items))
Ref fill_object_array(Args args) {
  const Ref flat = attr(array_method(args[0], "view", numpy("ndarray")), "flat");
  PyObject* items = item(args[1], 2);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items); ++i)
    ok(PyObject_SetItem(flat.get(), number(i).get(), PyList_GET_ITEM(items, i)));
  fill_array_state(args[0], item(args[1], 0), item(args[1], 1));
  return none();
}
const Rebuilder set_object_array{"numpy.objects.state", guarded<fill_object_array>};

// ---- views: (owner, number of the first item, shape, strides, class, dtype, offset in the item)

Ref as_strided(const Ref& array, PyObject* shape, PyObject* strides) {
  return call_method(import("numpy.lib.stride_tricks"), "as_strided", array, shape, strides);
}

Ref rebuild_object_view(Args args) {
  const Ref rows = contiguous(array_method(args[0], "view", numpy("ndarray")).get());
  if (!rows) refuse("an array of objects with gaps");
  const Ref flat = call_method(rows, "reshape", number(-1));
  Ref start = own(
      PySequence_GetSlice(flat.get(), static_cast<Py_ssize_t>(integer(args[1])), PY_SSIZE_T_MAX));
  if (!ok(PyObject_RichCompareBool(attr(start, "dtype").get(), args[5], Py_EQ)))
    start = call_method(start, "getfield", args[5], args[6]);
  return array_method(as_strided(start, args[2], args[3]).get(), "view", args[4]);
}
const Rebuilder make_object_view{"numpy.objects.view", guarded<rebuild_object_view>};

// Whether the arguments above really give this view.
bool gives(const Ref& args, PyObject* view) {
  PyObject* const* values = PySequence_Fast_ITEMS(args.get());
  PyObject* made = nullptr;
  try {
    made = rebuild_object_view({values, PyTuple_GET_SIZE(args.get())}).release();
  } catch (const Raised&) {
    PyErr_Clear();
  }
  const Ref again = Ref::steal(made);
  return again && address_of(again.get()) == address_of(view);
}

// ---- records: where a scalar of type numpy.void keeps the address of its item and its array

struct RecordFields {
  std::size_t address = 0, array = 0;
};

std::uintptr_t word_at(PyObject* object, std::size_t offset) {
  std::uintptr_t word = 0;
  std::memcpy(&word, reinterpret_cast<const char*>(object) + offset, sizeof word);
  return word;
}

RecordFields find_record_fields() {
  const Ref dtype = call(numpy("dtype"), text("i8,i8"));
  const Ref array = call(numpy("zeros"), number(3), dtype);
  const Ref scalar = own(PySequence_GetItem(array.get(), 1));
  const auto item_address = static_cast<std::uintptr_t>(address_of(array.get()) + 16);
  RecordFields fields;
  const auto size = static_cast<std::size_t>(Py_TYPE(scalar.get())->tp_basicsize);
  for (std::size_t at = sizeof(PyObject); at + sizeof(void*) <= size; at += sizeof(void*)) {
    if (word_at(scalar.get(), at) == item_address) fields.address = at;
    if (word_at(scalar.get(), at) == reinterpret_cast<std::uintptr_t>(array.get()))
      fields.array = at;
  }
  if (!fields.address || !fields.array) refuse("this numpy does not show the array of a record");
  return fields;
}

Ref rebuild_record(Args args) { return own(PySequence_GetItem(args[0], 0)); }
const Rebuilder make_record{"numpy.record", guarded<rebuild_record>};

}  // namespace

Ref reduce_object_array(Saver& saver, PyObject* array, Rule& rule) {
  saver.memory().note_owner(array);
  const Ref dtype = attr(array, "dtype");
  const bool f_order = array_flag(array, "f_contiguous") && !array_flag(array, "c_contiguous");
  const Ref plain = array_method(array, "view", numpy("ndarray"));
  const Ref items = own(PySequence_List(attr(plain, "flat").get()));
  // Items of structured arrays are views of them; tuples are not.
  if (!attr(dtype, "fields").is(Py_None))
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
      const Ref values = call_method(PyList_GET_ITEM(items.get(), i), "item");
      PyList_SetItem(items.get(), i, values.new_ref());
    }
  const Ref state = pack(instance_state(saver, array, rule), boolean(is_writeable(array)), items);
  return reduced(make_object_array,
                 pack(rule.type, dtype, attr(plain, "shape"), text(f_order ? "F" : "C")), state,
                 set_object_array);
}

Ref reduce_object_view(Saver& saver, PyObject* array, PyObject* owner, Rule& rule) {
  const long long item_size = integer(attr(owner, "itemsize").get());
  const long long distance = address_of(array) - address_of(owner);
  if (integer(attr(array, "size").get()) == 0 || distance < 0 || item_size == 0)
    return reduce_object_array(saver, array, rule);
  const Ref args =
      pack(owner, number(distance / item_size), attr(array, "shape"), attr(array, "strides"),
           rule.type, attr(array, "dtype"), number(distance % item_size));
  if (!gives(args, array)) refuse("a view into an array of objects that cannot be made again");
  return with_array_state(saver, array, rule, make_object_view, args);
}

Ref reduce_record(Saver& saver, PyObject* scalar, Rule& rule) {
  static const RecordFields fields = find_record_fields();
  auto* array = reinterpret_cast<PyObject*>(word_at(scalar, fields.array));
  if (!array || !is_array(array)) return reduce_by_default(saver, scalar, rule);
  const Ref owner = owner_of(array);
  const Ref rows = contiguous(owner.get());
  if (!rows) refuse("a record in an array with gaps");
  const long long distance =
      static_cast<long long>(word_at(scalar, fields.address)) - address_of(owner.get());
  const Ref dtype = attr(scalar, "dtype"), one = pack(number(1));
  if (!has_objects(owner.get()))
    return reduced(make_record, pack(new_array(numpy("ndarray").get(), one.get(), dtype.get(), rows,
                                               number(distance), none(), none())));
  const long long item_size = integer(attr(owner, "itemsize").get());
  if (!ok(PyObject_RichCompareBool(dtype.get(), attr(owner, "dtype").get(), Py_EQ)))
    refuse("a record inside a record with objects");
  const Ref flat =
      call_method(array_method(rows.get(), "view", numpy("ndarray")), "reshape", number(-1));
  const auto index = static_cast<Py_ssize_t>(distance / item_size);
  return reduced(make_record, pack(own(PySequence_GetSlice(flat.get(), index, index + 1))));
}

}  // namespace chkpt::heap
