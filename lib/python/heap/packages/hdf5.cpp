// SPDX-License-Identifier: BSD-3-Clause
// Objects of h5py. Each low-level identifier is described by what it is open on: a file, an object
// of a file by its path, or a value (type, space, property list). The objects around them (File,
// Dataset, ...) are ordinary Python ones. A closed identifier is made again as closed.
#include "python/heap/packages/hdf5.hpp"

#include <Python.h>

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/text.hpp"
#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// The class itself or one it derives from has this name and is of h5py, whichever build of it.
bool derives_from_h5py(PyTypeObject* type, std::string_view class_name) {
  if (!loaded_module("h5py") || !type->tp_mro) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(type->tp_mro); ++i) {
    auto* base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(type->tp_mro, i));
    if (hdf5::class_name(base) != class_name) continue;
    const Ref module = attr_or_null(reinterpret_cast<PyObject*>(base), "__module__");
    if (module && PyUnicode_Check(module.get()) && begins_with(utf8(module.get()), "h5py."))
      return true;
  }
  return false;
}

// ---- closed identifiers: (class[, the hash that it was asked for while it was open])

struct ObjectId {
  PyObject_HEAD PyObject* weak_references;
  std::int64_t id;
  int locked;
  PyObject* hash;
  std::size_t own_address;
};

// Null if it looks different in this h5py.
ObjectId* checked_object_id(PyObject* object) {
  auto* fields = reinterpret_cast<ObjectId*>(object);
  const bool fits = Py_TYPE(object)->tp_basicsize >= static_cast<Py_ssize_t>(sizeof(ObjectId)) &&
                    fields->own_address == reinterpret_cast<std::size_t>(object) &&
                    fields->id == integer(attr(object, "id").get());
  return fits ? fields : nullptr;
}

Ref rebuild_closed_handle(Args args) {
  Ref made = call(args[0], number(0));
  if (args.count == 1) return made;
  ObjectId* const fields = checked_object_id(made.get());
  if (!fields) broken("objects of h5py look different here");
  Py_XSETREF(fields->hash, Py_NewRef(args[1]));
  return made;
}
const Rebuilder make_closed_handle{"h5py.closed", guarded<rebuild_closed_handle>};

// What was closed can be a key of a dict for as long as its hash is known.
Ref reduce_closed_handle(PyObject* handle, Rule& rule) {
  const Py_hash_t hash = PyObject_Hash(handle);
  if (hash == -1) {
    PyErr_Clear();
    return reduced(make_closed_handle, pack(rule.type));
  }
  const ObjectId* const fields = checked_object_id(handle);
  if (!fields || !fields->hash) refuse("a closed HDF5 object with a hash");
  return reduced(make_closed_handle, pack(rule.type, fields->hash));
}

Ref rebuild_file(Args args) { return hdf5::reopen_file(args[0]); }
const Rebuilder make_file{"h5py.file", guarded<rebuild_file>};

// A second object with the same identifier.
Ref rebuild_same(Args args) { return call_method(args[0], "__copy__"); }
const Rebuilder make_same{"h5py.same", guarded<rebuild_same>};

// ---- objects of a file: (file, path, module, access list | None)

Ref rebuild_object(Args args) {
  const Ref file = hdf5::reopen_file(args[0]);
  const Ref module = hdf5::module(utf8(args[2]).c_str());
  if (args[3] == Py_None) return call_method(module, "open", file, args[1]);
  const auto type = attr(hdf5::module("h5p"), "PropDAID");
  const Ref list = hdf5::decoded_list(reinterpret_cast<PyTypeObject*>(type.get()), args[3]);
  return call_method(module, "open", file, args[1], list);
}
const Rebuilder make_object{"h5py.object", guarded<rebuild_object>};

Ref path_of(PyObject* handle) {
  Ref path = call_method(hdf5::module("h5i"), "get_name", handle);
  if (path.is(Py_None)) refuse("an open HDF5 object without a name in its file");
  return path;
}

std::string shown(const Ref& path) { return PyBytes_AS_STRING(path.get()); }

bool same_object(PyObject* handle, PyObject* file, const Ref& path) {
  const Ref h5o = hdf5::module("h5o");
  const Ref named = Ref::steal(PyObject_CallMethod(h5o.get(), "get_info", "OO", file, path.get()));
  if (!named) {
    PyErr_Clear();
    return false;
  }
  const Ref opened = call_method(h5o, "get_info", handle);
  for (const char* field : {"addr", "fileno"})
    if (ok(PyObject_RichCompareBool(attr(opened, field).get(), attr(named, field).get(), Py_NE)))
      return false;
  return true;
}

// The path of an object of the file, or of what an attribute is attached to.
Ref checked_path_of(PyObject* handle, const Ref& file) {
  hdf5::check_alone(file.get());
  Ref path = path_of(handle);
  if (!same_object(handle, file.get(), path))
    refuse("the open HDF5 object '" + shown(path) + "', which its file no longer leads to");
  return path;
}

Ref reduce_object(Saver& saver, PyObject* handle, const char* module) {
  const Ref file = call_method(hdf5::module("h5i"), "get_file_id", handle);
  const Ref path = checked_path_of(handle, file);
  const bool dataset = std::strcmp(module, "h5d") == 0;
  const Ref access =
      dataset ? hdf5::encoded_list(call_method(handle, "get_access_plist").get()) : none();
  return reduced(make_object,
                 pack(hdf5::describe_file(saver, file.get()), path, text(module), access));
}

// ---- attributes: (file, path of what it is attached to, name)

Ref rebuild_attribute(Args args) {
  const Ref owner = call_method(hdf5::module("h5o"), "open", hdf5::reopen_file(args[0]), args[1]);
  return call_method(hdf5::module("h5a"), "open", owner, args[2]);
}
const Rebuilder make_attribute{"h5py.attribute", guarded<rebuild_attribute>};

Ref reduce_attribute(Saver& saver, PyObject* handle) {
  const Ref file = call_method(hdf5::module("h5i"), "get_file_id", handle);
  const Ref path = checked_path_of(handle, file);
  return reduced(make_attribute,
                 pack(hdf5::describe_file(saver, file.get()), path, attr(handle, "name")));
}

// ---- property lists

Ref rebuild_list(Args args) {
  return hdf5::decoded_list(reinterpret_cast<PyTypeObject*>(args[0]), args[1]);
}
const Rebuilder make_list{"h5py.list", guarded<rebuild_list>};

Ref rebuild_access_list(Args args) {
  return hdf5::unpacked_access_list(reinterpret_cast<PyTypeObject*>(args[0]), args[1]);
}
const Rebuilder make_access_list{"h5py.access_list", guarded<rebuild_access_list>};

// ---- values: by their own encoding

Ref rebuild_value(Args args) {
  return call_method(hdf5::module(utf8(args[0]).c_str()), "decode", args[1]);
}
const Rebuilder make_value{"h5py.value", guarded<rebuild_value>};

Ref reduce_open_handle(Saver& saver, PyObject* handle, Rule& rule) {
  const auto is = [&rule](const char* name) { return derives_from_h5py(rule.type, name); };
  if (is("FileID")) return reduced(make_file, pack(hdf5::describe_file(saver, handle)));
  if (is("DatasetID")) return reduce_object(saver, handle, "h5d");
  if (is("GroupID")) return reduce_object(saver, handle, "h5g");
  if (is("AttrID")) return reduce_attribute(saver, handle);
  if (is("TypeID")) {
    if (is_true(call_method(handle, "committed"))) return reduce_object(saver, handle, "h5t");
    return reduced(make_value, pack(text("h5t"), call_method(handle, "encode")));
  }
  if (is("SpaceID")) return reduced(make_value, pack(text("h5s"), call_method(handle, "encode")));
  if (is("PropFAID"))
    return reduced(make_access_list,
                   pack(rule.type, hdf5::packed_access_list(handle, "an HDF5 property list")));
  if (is("PropInstanceID")) return reduced(make_list, pack(rule.type, hdf5::encoded_list(handle)));
  refuse("an open HDF5 object of a kind that chkpt does not know");
}

// ---- references: the bytes that a file would hold. It is the same file, byte for byte.

struct Reference {
  PyObject_HEAD char bytes[16];
  int typecode;
  std::size_t typesize;
};

// Believed only if the fields say what the attributes say. Later kinds hold pointers.
Reference& checked_reference(PyObject* object) {
  constexpr int kDatasetRegion = 1;
  auto* reference = reinterpret_cast<Reference*>(object);
  const bool fits =
      Py_TYPE(object)->tp_basicsize == sizeof(Reference) &&
      integer(attr(object, "typecode").get()) == reference->typecode &&
      integer(attr(object, "typesize").get()) == static_cast<long long>(reference->typesize) &&
      reference->typesize <= sizeof reference->bytes && reference->typecode <= kDatasetRegion;
  if (!fits) refuse("an HDF5 reference of another kind");
  return *reference;
}

Ref rebuild_reference(Args args) {
  Ref made = call(args[0]);
  Reference& reference = checked_reference(made.get());
  if (PyBytes_GET_SIZE(args[1]) != static_cast<Py_ssize_t>(reference.typesize))
    broken("an HDF5 reference has another size here");
  std::memcpy(reference.bytes, PyBytes_AS_STRING(args[1]), reference.typesize);
  return made;
}
const Rebuilder make_reference{"h5py.reference", guarded<rebuild_reference>};

// What h5py remembers to read faster; made again when it is missed.
void forget_cached_readers(PyObject* dataset) {
  const Ref cached = attr_or_null(dataset, "_cache_props");
  if (!cached || !PyDict_Check(cached.get())) return;
  for (const char* name : {"_fast_reader", "_selector"})
    if (find(cached.get(), name)) ok(PyDict_DelItemString(cached.get(), name));
}

}  // namespace

std::string hdf5::class_name(PyTypeObject* type) {
  const std::string name = type->tp_name;
  const auto dot = name.rfind('.');
  return dot == std::string::npos ? name : name.substr(dot + 1);
}

bool is_hdf5_handle_type(PyTypeObject* type) { return derives_from_h5py(type, "ObjectID"); }

bool is_hdf5_object_type(PyTypeObject* type) { return derives_from_h5py(type, "HLObject"); }

bool is_hdf5_reference_type(PyTypeObject* type) {
  return ends_with(type->tp_name, "Reference") && derives_from_h5py(type, "Reference");
}

Ref reduce_hdf5_handle(Saver& saver, PyObject* handle, Rule& rule) {
  if (!is_true(attr(handle, "valid").get())) return reduce_closed_handle(handle, rule);
  if (const Ref same = saver.first_hdf5_handle(handle)) return reduced(make_same, pack(same));
  return reduce_open_handle(saver, handle, rule);
}

Ref reduce_hdf5_object(Saver& saver, PyObject* object, Rule& rule) {
  forget_cached_readers(object);
  return reduce_special(saver, object, rule);
}

Ref reduce_hdf5_reference(Saver&, PyObject* reference, Rule& rule) {
  const Reference& fields = checked_reference(reference);
  const Ref bytes =
      own(PyBytes_FromStringAndSize(fields.bytes, static_cast<Py_ssize_t>(fields.typesize)));
  return reduced(make_reference, pack(rule.type, bytes));
}

}  // namespace chkpt::heap
