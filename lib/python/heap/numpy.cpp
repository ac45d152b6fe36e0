// SPDX-License-Identifier: BSD-3-Clause
// numpy arrays. An array that owns its memory goes as dtype, shape and raw bytes (out of band from
// 1 KiB on); a view goes as its owner plus offset and strides, so that they still share memory.
// Arrays of objects hold their items in the state. numpy is never imported by a save.
#include <Python.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

constexpr long long kOutOfBandBytes = 1024;

Ref numpy(const char* name) { return attr(import("numpy"), name); }

bool is_array(PyObject* object) {
  return PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(numpy("ndarray").get())) != 0;
}

bool flag(PyObject* array, const char* name) { return truth_of(attr(array, "flags").get(), name); }
long long bytes_in(PyObject* array) { return integer(attr(array, "nbytes").get()); }
bool has_objects(PyObject* array) { return truth_of(attr(array, "dtype").get(), "hasobject"); }

// Address of the first element.
long long address_of(PyObject* array) {
  const Ref interface = attr(array, "__array_interface__");
  return integer(item(find(interface.get(), "data"), 0));
}

// ndarray.__new__(class, shape, dtype, buffer, offset, strides, order)
Ref new_array(PyObject* type, PyObject* shape, PyObject* dtype, const Ref& buffer,
              const Ref& offset, const Ref& strides, const Ref& order) {
  const Ref maker = attr(numpy("ndarray"), "__new__");
  return call(maker, type, shape, dtype, buffer, offset, strides, order);
}

// A one-dimensional byte view of contiguous memory, whichever way it is contiguous.
Ref as_bytes(PyObject* array) {
  const bool c_order = flag(array, "c_contiguous");
  const Ref rows = c_order ? Ref::borrow(array) : attr(array, "T");
  const Ref plain = call_method(rows, "view", numpy("ndarray"));
  return call_method(call_method(plain, "reshape", number(-1)), "view", numpy("uint8"));
}

// A plain array with the element type the store can name, for C-contiguous numbers; else bytes.
Ref for_buffer(PyObject* array) {
  const std::string kind = utf8_attr(attr(array, "dtype").get(), "kind");
  const bool named = kind == "b" || kind == "i" || kind == "u" || kind == "f";
  if (named && flag(array, "c_contiguous")) return call_method(array, "view", numpy("ndarray"));
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
  if (args[5] != Py_None) made = call_method(made, "transpose", args[5]);
  return made;
}
const Rebuilder make_array{"numpy.array", guarded<rebuild_array>};

// (array, (instance state, writeable))
Ref fill_array(Args args) {
  restore_instance_state(args[0], item(args[1], 0));
  if (!is_true(item(args[1], 1))) set_attr(attr(args[0], "flags").get(), "writeable", Py_False);
  return none();
}
const Rebuilder set_array{"numpy.array.state", guarded<fill_array>};

Ref with_array_state(Saver& saver, PyObject* array, Rule& rule, const Rebuilder& make,
                     const Ref& args) {
  const Ref state = instance_state(saver, array, rule);
  const bool writeable = flag(array, "writeable");
  if (writeable && item(state, 0) == Py_None && item(state, 1) == Py_None)
    return reduced(make, args);
  return reduced(make, args, pack(state, boolean(writeable)), set_array);
}

// ---- arrays of objects: (class, dtype, shape, order); the items follow in C order

Ref rebuild_object_array(Args args) {
  return new_array(args[0], args[2], args[1], none(), number(0), none(), Ref::borrow(args[3]));
}
const Rebuilder make_object_array{"numpy.objects", guarded<rebuild_object_array>};
Ref fill_object_array(Args args) {
  const Ref flat = attr(args[0], "flat");
  PyObject* items = item(args[1], 2);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items); ++i)
    ok(PyObject_SetItem(flat.get(), number(i).get(), PyList_GET_ITEM(items, i)));
  return fill_array(args);
}
const Rebuilder set_object_array{"numpy.objects.state", guarded<fill_object_array>};

Ref reduce_object_array(Saver& saver, PyObject* array, Rule& rule) {
  const Ref dtype = attr(array, "dtype");
  if (!attr(dtype, "fields").is(Py_None)) return reduce_by_default(saver, array, rule);
  const Ref order = text(flag(array, "f_contiguous") && !flag(array, "c_contiguous") ? "F" : "C");
  const Ref items = own(PySequence_List(attr(array, "flat").get()));
  const Ref state =
      pack(instance_state(saver, array, rule), boolean(flag(array, "writeable")), items);
  return reduced(make_object_array, pack(rule.type, dtype, attr(array, "shape"), order), state,
                 set_object_array);
}

Ref rebuild_object_view(Args args) {
  const Ref rows = utf8(args[6]) == "C" ? Ref::borrow(args[0]) : attr(args[0], "T");
  const Ref flat = call_method(rows, "reshape", number(-1));
  const Ref start = own(
      PySequence_GetSlice(flat.get(), static_cast<Py_ssize_t>(integer(args[1])), PY_SSIZE_T_MAX));
  const Ref view =
      call_method(import("numpy.lib.stride_tricks"), "as_strided", start, args[2], args[3]);
  return call_method(view, "view", args[4]);
}

// ---- views: (class, owner, dtype, shape, strides, offset)

Ref rebuild_array_view(Args args) {
  Ref owner = Ref::borrow(args[1]);
  if (is_array(args[1]) && !flag(args[1], "c_contiguous")) owner = attr(args[1], "T");
  return new_array(args[0], args[3], args[2], owner, Ref::borrow(args[5]), Ref::borrow(args[4]),
                   none());
}
const Rebuilder make_array_view{"numpy.view", guarded<rebuild_array_view>};

// The array at the end of the chain of bases, and what owns its memory if that is no array.
Ref owner_of(PyObject* array) {
  Ref owner = Ref::borrow(array);
  for (;;) {
    const Ref base = attr(owner, "base");
    if (base.is(Py_None) || !is_array(base.get())) return owner;
    owner = base;
  }
}

bool is_dense(PyObject* array) {
  return flag(array, "c_contiguous") || flag(array, "f_contiguous");
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
  if (is_dense(array)) {
    const Ref order = text(flag(array, "c_contiguous") ? "C" : "F");
    return with_array_state(saver, array, rule, make_array,
                            pack(rule.type, attr(array, "dtype"), attr(array, "shape"), order,
                                 content_of(saver, array), Py_None));
  }
  const Ref axes = dense_axes(array);
  Ref sorted = call_method(array, "transpose", axes);
  if (!flag(sorted.get(), "c_contiguous")) sorted = call_method(array, "copy", text("C"));
  const bool permuted = flag(call_method(array, "transpose", axes).get(), "c_contiguous");
  const Ref back = permuted ? inverse_axes(axes.get()) : none();
  return with_array_state(saver, array, rule, make_array,
                          pack(rule.type, attr(array, "dtype"), attr(sorted, "shape"), text("C"),
                               content_of(saver, sorted.get()), back));
}

// Whether `new_array` can be given this object as its buffer.
bool gives_buffer(PyObject* object) {
  return PyBytes_Check(object) || PyByteArray_Check(object) || PyMemoryView_Check(object) ||
         std::strcmp(Py_TYPE(object)->tp_name, "array.array") == 0;
}

long long buffer_address(PyObject* object) {
  Py_buffer view;
  ok(PyObject_GetBuffer(object, &view, PyBUF_SIMPLE));
  const auto address = reinterpret_cast<long long>(view.buf);
  PyBuffer_Release(&view);
  return address;
}

Ref reduce_view_of(Saver& saver, PyObject* array, Rule& rule, PyObject* owner, long long start) {
  return with_array_state(saver, array, rule, make_array_view,
                          pack(rule.type, owner, attr(array, "dtype"), attr(array, "shape"),
                               attr(array, "strides"), number(address_of(array) - start)));
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
  const Ref path = attr(array, "filename"), mode = attr(array, "mode");
  if (path.is(Py_None)) refuse("a memory map of a file without a name");
  const Ref order = text(flag(array, "c_contiguous") ? "C" : "F");
  const Ref content = utf8(mode.get()) == "r" ? none() : content_of(saver, array);
  return reduced(make_memmap,
                 pack(rule.type, own(PyObject_Str(path.get())), attr(array, "dtype"), mode,
                      attr(array, "offset"), attr(array, "shape"), order, content));
}

bool is_memmap(PyObject* array) {
  const Ref memmap = numpy("memmap");
  return PyObject_TypeCheck(array, reinterpret_cast<PyTypeObject*>(memmap.get())) != 0;
}

// ---- numpy.random: generators that share a bit generator still do

// A RandomState keeps the second of two Gaussians it drew (numpy/random/mtrand.pyx, get_state).
const char* const kCachedGaussian[] = {"has_gauss", "gauss"};

Ref random_state(PyObject* generator) { return call_method(generator, "get_state", Py_False); }

Ref rebuild_random(Args args) {
  Ref generator = call(args[0], args[1]);
  if (args[2] == Py_None) return generator;
  const Ref state = random_state(generator.get());
  for (int i = 0; i < 2; ++i)
    ok(PyDict_SetItemString(state.get(), kCachedGaussian[i], item(args[2], i)));
  call_method(generator, "set_state", state);
  return generator;
}
const Rebuilder make_random{"numpy.random", guarded<rebuild_random>};
Ref reduce_random(Saver&, PyObject* generator, Rule& rule) {
  if (std::strstr(rule.type->tp_name, "Generator"))
    return reduced(make_random, pack(rule.type, attr(generator, "bit_generator"), Py_None));
  const Ref state = random_state(generator);
  const Ref cached =
      pack(find(state.get(), kCachedGaussian[0]), find(state.get(), kCachedGaussian[1]));
  return reduced(make_random, pack(rule.type, attr(generator, "_bit_generator"), cached));
}

// ---- dtypes that exist only once stay the same object

Ref rebuild_dtype(Args args) { return call(numpy("dtype"), args[0]); }
const Rebuilder make_dtype{"numpy.dtype", guarded<rebuild_dtype>};
}  // namespace

Ref reduce_dtype(Saver& saver, PyObject* dtype, Rule& rule) {
  const Ref name = attr(dtype, "str");
  const Ref again =
      Ref::steal(PyObject_CallFunctionObjArgs(numpy("dtype").get(), name.get(), nullptr));
  if (!again) PyErr_Clear();
  return again.is(dtype) ? reduced(make_dtype, pack(name)) : reduce_by_default(saver, dtype, rule);
}

namespace {

const Rebuilder make_object_view{"numpy.objects.view", guarded<rebuild_object_view>};
Ref object_view(PyObject* array, PyObject* owner, Rule& rule) {
  const long long item_size = integer(attr(array, "itemsize").get());
  const long long offset = (address_of(array) - address_of(owner)) / item_size;
  const Ref order = text(flag(owner, "c_contiguous") ? "C" : "F");
  return reduced(make_object_view, pack(owner, number(offset), attr(array, "shape"),
                                        attr(array, "strides"), rule.type, Py_None, order));
}

}  // namespace

bool is_numpy_array_type(Saver& saver, PyTypeObject* type) {
  if (!loaded_module("numpy")) return false;
  const Ref array = loaded_attr("numpy", "ndarray");
  if (!array || !PyType_Check(array.get())) return false;
  auto* base = reinterpret_cast<PyTypeObject*>(array.get());
  if (!PyType_IsSubtype(type, base)) return false;
  if (saver.by_value().type(type)) return true;
  // Masked arrays and other library classes with a reduce of their own know better.
  const Ref reduce = attr(raw(type), "__reduce__");
  return reduce.is(attr(array, "__reduce__").get());
}

Ref reduce_array(Saver& saver, PyObject* array, Rule& rule) {
  const Ref owner = owner_of(array);
  if (is_memmap(array) && owner.is(array)) return reduce_memmap(saver, array, rule);
  if (has_objects(array)) {
    const bool view = !owner.is(array) && has_objects(owner.get()) && is_dense(owner.get());
    return view ? object_view(array, owner.get(), rule) : reduce_object_array(saver, array, rule);
  }
  if (!owner.is(array) && is_dense(owner.get()) && !has_objects(owner.get()))
    return reduce_view_of(saver, array, rule, owner.get(), address_of(owner.get()));
  const Ref memory = attr(owner, "base");
  if (owner.is(array) && gives_buffer(memory.get()))
    return reduce_view_of(saver, array, rule, memory.get(), buffer_address(memory.get()));
  return reduce_owner(saver, array, rule);
}

bool is_numpy_dtype(PyTypeObject* type) {
  const Ref dtype = loaded_attr("numpy", "dtype");
  return dtype && PyType_Check(dtype.get()) &&
         PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(dtype.get()));
}

void add_numpy_types(ExactTypes& types) {
  const Ref random = loaded_attr("numpy", "random");
  if (random)
    for (const char* name : {"Generator", "RandomState"})
      if (const Ref type = attr_or_null(random.get(), name))
        types[reinterpret_cast<PyTypeObject*>(type.get())] = reduce_random;
}

}  // namespace chkpt::heap
