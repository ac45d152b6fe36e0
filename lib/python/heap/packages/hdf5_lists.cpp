// SPDX-License-Identifier: BSD-3-Clause
// Property lists of h5py. It has no call that tells all properties of a list, so the library that
// h5py itself is linked to is asked for its encoding.
#include <Python.h>

#include <cstdint>

#include <dlfcn.h>

#include "python/heap/call.hpp"
#include "python/heap/packages/hdf5.hpp"

namespace chkpt::heap::hdf5 {
namespace {

using Handle = std::int64_t;  // hid_t since HDF5 1.10

// `with h5py._objects.phil`: no other thread is inside the library.
class Phil {
 public:
  Phil() : lock_(attr(module("_objects"), "phil")) { call_method(lock_, "acquire"); }
  ~Phil() {
    const PendingException aside;
    Ref::steal(PyObject_CallMethod(lock_.get(), "release", nullptr));
    PyErr_Clear();
  }
  Phil(const Phil&) = delete;
  Phil& operator=(const Phil&) = delete;

 private:
  Ref lock_;
};

// Of the library that h5py.h5p is linked to, not of any other in the process.
void* library_function(const char* name) {
  static void* const h5p = [] {
    const std::string path = utf8_attr(module("h5p").get(), "__file__");
    return ::dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  }();
  return h5p ? ::dlsym(h5p, name) : nullptr;
}

int encode(Handle list, void* buffer, std::size_t* size) {
  if (void* second = library_function("H5Pencode2"))
    return reinterpret_cast<int (*)(Handle, void*, std::size_t*, Handle)>(second)(list, buffer,
                                                                                  size, 0);
  void* const first = library_function("H5Pencode");
  if (!first) refuse("the HDF5 library of h5py has no H5Pencode");
  return reinterpret_cast<int (*)(Handle, void*, std::size_t*)>(first)(list, buffer, size);
}

Handle handle_of(PyObject* object) { return integer(attr(object, "id").get()); }

Ref encoded(Handle list) {
  std::size_t size = 0;
  if (encode(list, nullptr, &size) < 0) refuse("an HDF5 property list of its own kind");
  Ref bytes = own(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size)));
  if (encode(list, PyBytes_AS_STRING(bytes.get()), &size) < 0)
    refuse("an HDF5 property list of its own kind");
  return bytes;
}

Ref decoded(PyTypeObject* type, PyObject* bytes) {
  void* const decode = library_function("H5Pdecode");
  if (!decode) broken("the HDF5 library of h5py has no H5Pdecode");
  const Handle list = reinterpret_cast<Handle (*)(const void*)>(decode)(PyBytes_AS_STRING(bytes));
  if (list < 0) broken("an HDF5 property list cannot be decoded");
  return call(raw(type), number(list));
}

struct Driver {
  const char *name, *constant, *setter;
};
constexpr Driver kDrivers[] = {
    {"sec2", "SEC2", "set_fapl_sec2"},
    {"stdio", "STDIO", "set_fapl_stdio"},
    {"core", "CORE", "set_fapl_core"},
};

std::string driver_name(long long driver) {
  static const char* const names[][2] = {{"mpio", "MPIO"},
                                         {"family", "FAMILY"},
                                         {"fileobj", "fileobj_driver"},
                                         {"multi or split", "MULTI"},
                                         {"direct", "DIRECT"},
                                         {"ros3", "ROS3D"},
                                         {"log", "LOG"}};
  for (const auto& [name, constant_name] : names) {
    const Ref value = attr_or_null(module("h5fd").get(), constant_name);
    if (value && PyLong_Check(value.get()) && integer(value.get()) == driver) return name;
  }
  return "that chkpt does not know";
}

}  // namespace

Ref module(const char* name) { return import((std::string("h5py.") + name).c_str()); }

long long constant(const char* module_name, const char* name) {
  return integer(attr(module(module_name), name).get());
}

// The order of what is encoded depends on what was set last, until it has been decoded once.
Ref encoded_list(PyObject* list) {
  const Phil phil;
  const Ref bytes = encoded(handle_of(list));
  return encoded(handle_of(decoded(Py_TYPE(list), bytes.get()).get()));
}

Ref decoded_list(PyTypeObject* type, PyObject* bytes) {
  const Phil phil;
  return decoded(type, bytes);
}

Ref packed_access_list(PyObject* list, const std::string& shown) {
  const long long driver = integer(call_method(list, "get_driver").get());
  for (const Driver& known : kDrivers) {
    if (constant("h5fd", known.constant) != driver) continue;
    const bool core = std::string(known.name) == "core";
    const Ref arguments = core ? call_method(list, "get_fapl_core") : own(PyTuple_New(0));
    return pack(encoded_list(list), text(known.setter), arguments);
  }
  refuse(shown + " with HDF5's driver " + driver_name(driver));
}

Ref unpacked_access_list(PyTypeObject* type, PyObject* packed) {
  const Ref list = decoded_list(type, item(packed, 0));
  call_with(attr(list, utf8(item(packed, 1)).c_str()).get(), item(packed, 2), nullptr);
  return list;
}

}  // namespace chkpt::heap::hdf5
