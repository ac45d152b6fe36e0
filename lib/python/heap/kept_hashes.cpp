// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/kept_hashes.hpp"

#include <cstring>
#include <functional>
#include <string_view>

#include "python/frames/address_hash.hpp"
#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/rebuilder.hpp"

namespace chkpt::heap {
namespace {

// The number may look like that of an object (addresses.hpp), as bytes it does not.
Ref packed_hash(Py_hash_t hash) {
  return own(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(&hash), sizeof hash));
}
Py_hash_t unpacked_hash(PyObject* bytes) {
  Py_hash_t hash = 0;
  if (!PyBytes_Check(bytes) || PyBytes_GET_SIZE(bytes) != sizeof hash)
    broken("a saved hash is cut off");
  std::memcpy(&hash, PyBytes_AS_STRING(bytes), sizeof hash);
  return hash;
}

// Null if the object's class has nothing to do with addresses, or nobody has asked.
Ref kept_hash(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  const bool may_be_kept = type->tp_hash == PyBaseObject_Type.tp_hash ||
                           frames::is_python_class(type) || PyFloat_CheckExact(object);
  const Py_hash_t hash = may_be_kept ? frames::asked_hash(object) : -1;
  return hash == -1 ? Ref() : packed_hash(hash);
}

// What makes several objects that refer to each other hands out one that others have already.
bool makes_new_ones(PyObject* function) {
  if (!PyCFunction_Check(function)) return false;
  const std::string_view name = reinterpret_cast<PyCFunctionObject*>(function)->m_ml->ml_name;
  for (const char* one : {"generator", "frame", "generator_frame", "awaitable"})
    if (name == one) return rebuilder_function(one) == function;
  return false;
}

Ref made_with_hash(PyObject* hash, PyObject* function, const std::function<Ref()>& make) {
  const frames::HashWatch watch(unpacked_hash(hash));
  Ref made = make();
  const bool is_new = Py_REFCNT(made.get()) == 1 || makes_new_ones(function);
  give_kept_hash(made.get(), hash, is_new && !watch.saw(made.get()));
  return made;
}

// (hash, function, *its arguments)
Ref rebuild_hashed(Args args) {
  return made_with_hash(args[0], args[1], [&] {
    return own(PyObject_Vectorcall(args[1], args.values + 2,
                                   static_cast<std::size_t>(args.count - 2), nullptr));
  });
}
const Rebuilder make_hashed{"hashed", guarded<rebuild_hashed>};

// (hash, class, *arguments of its __new__): what NEWOBJ does without a hash
Ref rebuild_hashed_instance(Args args) {
  return made_with_hash(args[0], args[1], [&] {
    if (!PyType_Check(args[1])) broken("a saved object's class is not a class");
    auto* type = reinterpret_cast<PyTypeObject*>(args[1]);
    const Ref rest = own(PyTuple_New(args.count - 2));
    for (Py_ssize_t i = 2; i < args.count; ++i)
      PyTuple_SET_ITEM(rest.get(), i - 2, Py_NewRef(args[i]));
    return own(type->tp_new(type, rest.get(), nullptr));
  });
}
const Rebuilder make_hashed_instance{"hashed.instance", guarded<rebuild_hashed_instance>};

// The default constructor, in copyreg and ours, which the pickler knows by its name.
bool is_newobj(PyObject* function) {
  constexpr std::string_view kName = "__newobj__";
  if (PyCFunction_Check(function))
    return reinterpret_cast<PyCFunctionObject*>(function)->m_ml->ml_name == kName;
  if (!PyFunction_Check(function)) return false;
  PyObject* name = reinterpret_cast<PyFunctionObject*>(function)->func_name;
  return PyUnicode_CompareWithASCIIString(name, kName.data()) == 0;
}

// (*before, *tuple)
Ref prefixed(const Ref& before, PyObject* tuple) {
  const Py_ssize_t more = PyTuple_GET_SIZE(before.get()), size = PyTuple_GET_SIZE(tuple);
  const Ref all = own(PyTuple_New(more + size));
  for (Py_ssize_t i = 0; i < more; ++i) PyTuple_SET_ITEM(all.get(), i, Py_NewRef(item(before, i)));
  for (Py_ssize_t i = 0; i < size; ++i)
    PyTuple_SET_ITEM(all.get(), more + i, Py_NewRef(PyTuple_GET_ITEM(tuple, i)));
  return all;
}

}  // namespace

Ref with_kept_hash(PyObject* object, const Ref& value) {
  if (!PyTuple_Check(value.get())) return value;
  const Ref hash = kept_hash(object);
  if (!hash) return value;
  PyObject* function = item(value, 0);
  const bool newobj = is_newobj(function);
  const Ref before = newobj ? pack(hash) : pack(hash, function);
  const Ref result = own(PyTuple_New(PyTuple_GET_SIZE(value.get())));
  const Rebuilder& make = newobj ? make_hashed_instance : make_hashed;
  PyTuple_SET_ITEM(result.get(), 0, Py_NewRef(make.function()));
  PyTuple_SET_ITEM(result.get(), 1, prefixed(before, item(value, 1)).release());
  for (Py_ssize_t i = 2; i < PyTuple_GET_SIZE(value.get()); ++i)
    PyTuple_SET_ITEM(result.get(), i, Py_NewRef(item(value, i)));
  return result;
}

// Of objects of library modules, frames and NaNs; all others that go by an id have no hash, or one
// by content or name.
Ref id_with_kept_hash(PyObject* object, const Ref& id) {
  const std::string tag = utf8(item(id, 0));
  if (tag != "s" && tag != "p" && tag != "f" && tag != "N") return id;
  const Ref hash = kept_hash(object);
  return hash ? pack(text(kHashTag), id, hash) : id;
}

void give_kept_hash(PyObject* object, PyObject* hash, bool is_new) {
  frames::give_hash(object, unpacked_hash(hash), is_new);
}

}  // namespace chkpt::heap
