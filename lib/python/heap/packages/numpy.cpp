// SPDX-License-Identifier: BSD-3-Clause
// numpy arrays. An array that owns its memory goes as dtype, shape and raw bytes (out of band from
// 1 KiB on); a view goes as its owner plus offset and strides, so that they still share memory.
// numpy is never imported by a save.
#include <Python.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/compiled/ctypes_layout.hpp"
#include "python/heap/foreign.hpp"
#include "python/heap/packages/fortran_data.hpp"
#include "python/heap/packages/numba_functions.hpp"
#include "python/heap/packages/numpy_arrays.hpp"
#include "python/heap/reducers.hpp"
#include "python/heap/packages/torch_tensors.hpp"

namespace chkpt::heap {
namespace {

constexpr long long kOutOfBandBytes = 1024;

long long bytes_in(PyObject* array) { return integer(attr(array, "nbytes").get()); }

// A one-dimensional byte view of contiguous memory, whichever way it is contiguous.
Ref as_bytes(PyObject* array) {
  const Ref plain = array_method(array, "view", numpy("ndarray"));
  const Ref rows = array_flag(array, "c_contiguous") ? plain : attr(plain, "T");
  return call_method(call_method(rows, "reshape", number(-1)), "view", numpy("uint8"));
}

// A plain array with the element type the store can name, for C-contiguous numbers; else bytes.
Ref for_buffer(PyObject* array) {
  const std::string kind = utf8_attr(attr(array, "dtype").get(), "kind");
  const bool named = kind == "b" || kind == "i" || kind == "u" || kind == "f";
  if (named && array_flag(array, "c_contiguous"))
    return array_method(array, "view", numpy("ndarray"));
  return as_bytes(array);
}

Ref content_of(Saver& saver, PyObject* array) {
  if (bytes_in(array) == 0) return own(PyBytes_FromStringAndSize("", 0));
  if (bytes_in(array) >= kOutOfBandBytes) return saver.own_buffer(for_buffer(array).get());
  return call_method(as_bytes(array), "tobytes");
}

// ---- owners: (class, dtype, shape, order, bytes, axes|None, writeable)

Ref rebuild_array(Args args) {
  Ref made = new_array(args[0], args[2], args[1], none(), number(0), none(), Ref::borrow(args[3]));
  if (bytes_in(made.get()) > 0) {
    const Ref bytes = call_method(import("numpy"), "frombuffer", args[4], numpy("uint8"));
    call_method(import("numpy"), "copyto", as_bytes(made.get()), bytes);
  }
  // A copy of the same layout: an owner, as it was, and no view of one.
  if (args[5] != Py_None)
    made = array_method(array_method(made.get(), "transpose", args[5]).get(), "copy", text("K"));
  return made;
}
const Rebuilder make_array{"numpy.array", guarded<rebuild_array>};

// (array, (instance state, writeable))
Ref fill_array(Args args) {
  fill_array_state(args[0], item(args[1], 0), item(args[1], 1));
  return none();
}
const Rebuilder set_array{"numpy.array.state", guarded<fill_array>};

// ---- views: (class, owner, dtype, shape, strides, offset)

void replace_base(const Ref& array, PyObject* base) {
  ArrayFields* fields = fields_of(array.get());
  if (!attr(array, "base").is(fields->base)) broken("numpy arrays are laid out in an unknown way");
  Py_DECREF(std::exchange(fields->base, Py_NewRef(base)));
}

Ref rebuild_array_view(Args args) {
  const Ref owner = is_array(args[1]) ? contiguous(args[1]) : Ref::borrow(args[1]);
  if (!owner) broken("a saved array is laid out in an unknown way");
  Ref made = new_array(args[0], args[3], args[2], owner, Ref::borrow(args[5]), Ref::borrow(args[4]),
                       none());
  // ndarray() keeps what is behind a memoryview, frombuffer() the view: as long as it is there, a
  // bytearray cannot move.
  if (PyMemoryView_Check(args[1])) replace_base(made, args[1]);
  return made;
}
const Rebuilder make_array_view{"numpy.view", guarded<rebuild_array_view>};

// What an nditer has given: (arguments of a view of the operand's memory, nditer)
Ref rebuild_iterated(Args args) {
  Ref made = rebuild_array_view({PySequence_Fast_ITEMS(args[0]), PyTuple_GET_SIZE(args[0])});
  replace_base(made, args[1]);
  return made;
}
const Rebuilder make_iterated{"numpy.iterated", guarded<rebuild_iterated>};

bool is_dense(PyObject* array) {
  return array_flag(array, "c_contiguous") || array_flag(array, "f_contiguous");
}

// Axes in the order of their strides, largest first: transposed so, a dense array is contiguous.
Ref dense_axes(PyObject* array) {
  const Ref strides = attr(array, "strides");
  std::vector<std::pair<long long, Py_ssize_t>> axes;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(strides.get()); ++i)
    axes.emplace_back(-integer(item(strides, i)), i);
  std::stable_sort(axes.begin(), axes.end());
  const Ref order = new_list();
  for (const auto& [stride, axis] : axes) append(order, number(axis));
  return own(PyList_AsTuple(order.get()));
}

Ref inverse_axes(PyObject* axes) {
  const Py_ssize_t size = PyTuple_GET_SIZE(axes);
  const Ref inverse = own(PyTuple_New(size));
  for (Py_ssize_t i = 0; i < size; ++i)
    PyTuple_SET_ITEM(inverse.get(), integer(item(axes, i)), number(i).release());
  return inverse;
}

Ref reduce_owner(Saver& saver, PyObject* array, Rule& rule) {
  saver.memory().note_owner(array);
  if (is_dense(array)) {
    const Ref order = text(array_flag(array, "c_contiguous") ? "C" : "F");
    return with_array_state(saver, array, rule, make_array,
                            pack(rule.type, attr(array, "dtype"), attr(array, "shape"), order,
                                 content_of(saver, array), Py_None));
  }
  const Ref axes = dense_axes(array);
  Ref sorted = array_method(array, "transpose", axes);
  const bool permuted = array_flag(sorted.get(), "c_contiguous");
  if (!permuted) sorted = array_method(array, "copy", text("C"));
  const Ref back = permuted ? inverse_axes(axes.get()) : none();
  return with_array_state(saver, array, rule, make_array,
                          pack(rule.type, attr(array, "dtype"), attr(sorted, "shape"), text("C"),
                               content_of(saver, sorted.get()), back));
}

// Whether `new_array` can be given this object as its buffer.
bool gives_buffer(PyObject* object) {
  if (PyBytes_Check(object) || PyByteArray_Check(object) || PyMemoryView_Check(object)) return true;
  if (!PyObject_CheckBuffer(object)) return false;
  for (const char* name : {"array.array", "mmap.mmap", "_io._BytesIOBuffer"})
    if (std::strcmp(Py_TYPE(object)->tp_name, name) == 0) return true;
  if (is_ctypes_object(object)) return true;
  for (const ForeignType& type : foreign_types()) {  // an MPI window, for one
    if (type.matches(Py_TYPE(object))) return true;
  }
  return false;
}

long long buffer_address(PyObject* object) {
  Py_buffer view;
  if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) != 0) {
    PyErr_Clear();  // a window that has been freed, for one
    refuse(std::string("an array of memory that its owner, a ") + Py_TYPE(object)->tp_name +
           ", no longer has");
  }
  const auto address = reinterpret_cast<long long>(view.buf);
  PyBuffer_Release(&view);
  return address;
}

// ---- memmap: the file is mapped again and given its saved contents

// (class, path, dtype, mode, offset, shape, order, bytes|None)
Ref rebuild_memmap(Args args) {
  const Ref saved_mode = Ref::borrow(args[3]);
  const Ref mode = utf8(args[3]) == "w+" ? text("r+") : saved_mode;
  const Ref made = call(args[0], args[1], args[2], mode, args[4], args[5], args[6]);
  if (args[7] != Py_None) {
    const Ref bytes = call_method(import("numpy"), "frombuffer", args[7], numpy("uint8"));
    call_method(import("numpy"), "copyto", as_bytes(made.get()), bytes);
  }
  set_attr(made.get(), "mode", args[3]);
  return made;
}
const Rebuilder make_memmap{"numpy.memmap", guarded<rebuild_memmap>};

Ref reduce_memmap(Saver& saver, PyObject* array, Rule& rule) {
  saver.memory().note_owner(array);
  const Ref path = attr(array, "filename"), mode = attr(array, "mode");
  const Ref order = text(array_flag(array, "c_contiguous") ? "C" : "F");
  const Ref content = utf8(mode.get()) == "r" ? none() : content_of(saver, array);
  return reduced(make_memmap,
                 pack(rule.type, own(PyObject_Str(path.get())), attr(array, "dtype"), mode,
                      attr(array, "offset"), attr(array, "shape"), order, content));
}

// One of a file without a name is an array in the memory of its mmap object, like any other.
bool maps_named_file(PyObject* array) { return !attr(array, "filename").is(Py_None); }

bool is_memmap(PyObject* array) {
  const Ref memmap = numpy("memmap");
  return PyObject_TypeCheck(array, reinterpret_cast<PyTypeObject*>(memmap.get())) != 0;
}

// A slice of one: (arguments of a view, __dict__ without the map, which is the owner's)
Ref rebuild_memmap_view(Args args) {
  PyObject* const* view = PySequence_Fast_ITEMS(args[0]);
  Ref made = rebuild_array_view({view, PyTuple_GET_SIZE(args[0])});
  ok(PyDict_Update(attr(made, "__dict__").get(), args[1]));
  set_attr(made.get(), "_mmap", attr(view[1], "_mmap").get());
  return made;
}
const Rebuilder make_memmap_view{"numpy.memmap.view", guarded<rebuild_memmap_view>};

Ref reduce_memmap_view(PyObject* array, const Ref& args) {
  const Ref attributes = own(PyDict_Copy(attr(array, "__dict__").get()));
  if (find(attributes.get(), "_mmap")) ok(PyDict_DelItemString(attributes.get(), "_mmap"));
  return reduced(make_memmap_view, pack(args, attributes));
}

Ref reduce_view_of(Saver& saver, PyObject* array, Rule& rule, PyObject* owner, long long start) {
  const Ref args = pack(rule.type, owner, attr(array, "dtype"), attr(array, "shape"),
                        attr(array, "strides"), number(address_of(array) - start));
  if (is_memmap(array) && is_array(owner)) return reduce_memmap_view(array, args);
  return with_array_state(saver, array, rule, make_array_view, args);
}

Ref reduce_iterated(Saver& saver, PyObject* array, Rule& rule, PyObject* iterator) {
  Ref operands;
  const Ref owner = owner_of(operand_at(iterator, address_of(array), operands));
  const Ref view =
      pack(rule.type, owner, attr(array, "dtype"), attr(array, "shape"), attr(array, "strides"),
           number(address_of(array) - address_of(owner.get())));
  return with_array_state(saver, array, rule, make_iterated, pack(view, iterator));
}

// ---- dtypes that exist only once stay the same object

Ref rebuild_dtype(Args args) { return call(numpy("dtype"), args[0]); }
const Rebuilder make_dtype{"numpy.dtype", guarded<rebuild_dtype>};

// Null if it is none's.
Ref dtype_named(const Ref& name) {
  Ref made = Ref::steal(PyObject_CallFunctionObjArgs(numpy("dtype").get(), name.get(), nullptr));
  if (!made) PyErr_Clear();
  return made;
}

bool is_equal(const Ref& a, const Ref& b) {
  return ok(PyObject_RichCompareBool(a.get(), b.get(), Py_EQ)) == 1;
}

// Two of C's types may have one size, which is all that numpy's own name says: long and long long.
// Null if the letter does not say it all either.
Ref letter_of(PyObject* dtype) {
  if (!attr(dtype, "metadata").is(Py_None)) return {};
  const Ref order = attr(dtype, "byteorder"), letter = attr(dtype, "char");
  const bool swapped = utf8(order.get()) == ">" || utf8(order.get()) == "<";
  Ref name = swapped ? own(PyUnicode_Concat(order.get(), letter.get())) : letter;
  const Ref made = dtype_named(name);
  return made && is_equal(made, Ref::borrow(dtype)) && is_equal(attr(made, "char"), letter) ? name
                                                                                            : Ref();
}

// The class of a dtype: type(numpy.dtype("f8")).
Ref rebuild_dtype_class(Args args) { return Ref::borrow(raw(Py_TYPE(rebuild_dtype(args).get()))); }
const Rebuilder make_dtype_class{"numpy.dtype.class", guarded<rebuild_dtype_class>};
}  // namespace

Ref reduce_dtype_class(PyTypeObject* type) {
  const Ref dtype = loaded_attr("numpy", "dtype");
  if (!dtype || !PyObject_IsSubclass(raw(type), dtype.get())) return {};
  const Ref scalar = attr_or_null(raw(type), "type");
  if (!scalar || !PyType_Check(scalar.get())) return {};
  const bool leads_back = Py_TYPE(call(dtype, scalar).get()) == type;
  return leads_back ? reduced(make_dtype_class, pack(scalar)) : Ref();
}

Ref reduce_dtype(Saver& saver, PyObject* dtype, Rule& rule) {
  const Ref name = attr(dtype, "str"), again = dtype_named(name);
  if (again.is(dtype)) return reduced(make_dtype, pack(name));
  const Ref letter = letter_of(dtype);
  return again && letter && !is_equal(attr(again, "char"), attr(dtype, "char"))
             ? reduced(make_dtype, pack(letter))
             : reduce_by_default(saver, dtype, rule);
}

Ref contiguous(PyObject* owner) {
  if (array_flag(owner, "c_contiguous")) return Ref::borrow(owner);
  Ref rows = array_method(owner, "transpose", dense_axes(owner));
  return array_flag(rows.get(), "c_contiguous") ? rows : Ref();
}

Ref with_array_state(Saver& saver, PyObject* array, Rule& rule, const Rebuilder& make,
                     const Ref& args) {
  const Ref state = instance_state(saver, array, rule);
  const bool writeable = is_writeable(array);
  if (writeable && item(state, 0) == Py_None && item(state, 1) == Py_None)
    return reduced(make, args);
  return reduced(make, args, pack(state, boolean(writeable)), set_array);
}

// What __array_finalize__ has put there first would keep its place among the attributes.
void fill_array_state(PyObject* array, PyObject* state, PyObject* writeable) {
  if (item(state, 0) != Py_None)
    if (const Ref made = instance_dict(array)) PyDict_Clear(made.get());
  restore_instance_state(array, state);
  if (!is_true(writeable)) set_attr(attr(array, "flags").get(), "writeable", Py_False);
}

bool is_numpy_array_type(Saver& saver, PyTypeObject* type) {
  if (!loaded_module("numpy")) return false;
  const Ref array = loaded_attr("numpy", "ndarray");
  if (!array || !PyType_Check(array.get())) return false;
  auto* base = reinterpret_cast<PyTypeObject*>(array.get());
  if (!PyType_IsSubtype(type, base)) return false;
  if (saver.by_value().type(type)) return true;
  // Their own reduce would copy the data, and the mask of masked arrays, which others share: those
  // of astropy's and unyt's quantities do. What C code adds to an array is its own affair.
  const Ref reduce = attr(raw(type), "__reduce__");
  return (frames::is_python_class(type) && layout_of(type).native_base == base) ||
         reduce.is(attr(array, "__reduce__").get());
}

namespace {

// What Cython owns cannot be saved: an array of all of its memory takes its place.
Ref reduce_array_of_typed(Saver& saver, PyObject* array, Rule& rule, const Ref& memory) {
  const Ref whole = saver.first_for(memory.get(), call(numpy("asarray"), memory));
  if (whole.is(array)) return reduce_owner(saver, array, rule);
  return reduce_view_of(saver, array, rule, whole.get(), address_of(whole.get()));
}

Ref reduce_array_of_fortran(Saver& saver, PyObject* array, Rule& rule, const Ref& whole) {
  if (whole.is(array)) return reduce_fortran_array(array);
  return reduce_view_of(saver, array, rule, whole.get(), address_of(whole.get()));
}

// Each array that compiled code returns has an owner of its own, of memory that they may share: an
// array of all of it takes their place.
Ref reduce_array_of_numba(Saver& saver, PyObject* array, Rule& rule, const Ref& bytes) {
  const Ref whole = saver.first_for(reinterpret_cast<const void*>(address_of(bytes.get())), bytes);
  if (whole.is(array)) return reduce_owner(saver, array, rule);
  return reduce_view_of(saver, array, rule, whole.get(), address_of(whole.get()));
}

}  // namespace

Ref reduce_array(Saver& saver, PyObject* array, Rule& rule) {
  saver.memory().note_array(array);
  const Ref owner = owner_of(array);
  if (const Ref base = attr(owner, "base"); owner.is(array) && is_nditer(base.get())) {
    if (has_objects(array)) refuse("what a numpy.nditer over objects has given");
    return reduce_iterated(saver, array, rule, base.get());
  }
  if (is_memmap(array) && owner.is(array) && maps_named_file(array))
    return reduce_memmap(saver, array, rule);
  if (!owner.is(array) && has_objects(owner.get()))
    return reduce_object_view(saver, array, owner.get(), rule);
  if (has_objects(array)) return reduce_object_array(saver, array, rule);
  if (const Ref bytes = numba_memory(attr(owner, "base").get()))
    return reduce_array_of_numba(saver, array, rule, bytes);
  if (!owner.is(array) && contiguous(owner.get()))
    return reduce_view_of(saver, array, rule, owner.get(), address_of(owner.get()));
  if (const Ref fortran = owner.is(array) ? fortran_array(saver, array) : Ref())
    return reduce_array_of_fortran(saver, array, rule, fortran);
  if (owner.is(array))
    if (const Ref typed = typed_memory_of(array))
      return reduce_array_of_typed(saver, array, rule, typed);
  const Ref memory = attr(owner, "base");
  if (owner.is(array) && gives_buffer(memory.get()))
    return reduce_view_of(saver, array, rule, memory.get(), buffer_address(memory.get()));
  if (owner.is(array) && is_torch_tensor_type(Py_TYPE(memory.get())))
    return reduce_array_of_tensor(saver, array, owner.get(), rule);
  if (loaded_module("torch"))
    saver.note_memory(address_of(array), bytes_in(array), MemoryOf::kNumpy);
  return reduce_owner(saver, array, rule);
}

bool is_numpy_dtype(PyTypeObject* type) {
  const Ref dtype = loaded_attr("numpy", "dtype");
  return dtype && PyType_Check(dtype.get()) &&
         PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(dtype.get()));
}

void add_numpy_types(ExactTypes& types) { add_numpy_library_types(types); }

}  // namespace chkpt::heap
