// SPDX-License-Identifier: BSD-3-Clause
// Objects of h5py. Their Cython classes would let themselves be pickled with the number of a handle
// that means nothing in another process, so an open one is refused here; a closed one is made again
// as closed.
#include <Python.h>

#include <string_view>

#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

bool begins_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}
bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// The class itself or one it derives from has this name and is of h5py, whichever build of it.
bool derives_from_h5py(PyTypeObject* type, std::string_view class_name) {
  if (!loaded_module("h5py") || !type->tp_mro) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(type->tp_mro); ++i) {
    auto* base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(type->tp_mro, i));
    if (!ends_with(base->tp_name, class_name)) continue;
    const Ref module = attr_or_null(reinterpret_cast<PyObject*>(base), "__module__");
    if (module && PyUnicode_Check(module.get()) && begins_with(utf8(module.get()), "h5py."))
      return true;
  }
  return false;
}

Ref rebuild_closed_handle(Args args) { return call(args[0], number(0)); }
const Rebuilder make_closed_handle{"h5py.closed", guarded<rebuild_closed_handle>};

}  // namespace

bool is_hdf5_handle_type(PyTypeObject* type) { return derives_from_h5py(type, "ObjectID"); }

bool is_hdf5_object_type(PyTypeObject* type) { return derives_from_h5py(type, "HLObject"); }

Ref reduce_hdf5_handle(Saver&, PyObject* handle, Rule& rule) {
  if (is_true(attr(handle, "valid").get())) refuse("an open HDF5 object");
  return reduced(make_closed_handle, pack(rule.type));
}

}  // namespace chkpt::heap
