// SPDX-License-Identifier: BSD-3-Clause
// Instances of Python classes that derive from a C type with state of its own: the C type's own
// constructor, __reduce__ and container methods are used, never the ones the class overrides.
#include <Python.h>

#include <cstring>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/hashing.hpp"
#include "python/heap/language/iterated_as_itself.hpp"
#include "python/heap/language/reference_objects.hpp"
#include "python/heap/language/refused_types.hpp"
#include "python/heap/layout.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/quiet.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// native base -> what is left to do after base.__new__(class, *args)
Ref rebuild_native(Args args) {
  auto* type = reinterpret_cast<PyTypeObject*>(args[0]);
  auto* base = reinterpret_cast<PyTypeObject*>(args[1]);
  IteratedAsItself sources;
  if (base->tp_iternext) sources.add_all(args[2]);
  const Ref made = own(base->tp_new(type, args[2], nullptr));
  if (is_true(args[3]) && base->tp_init) ok(base->tp_init(made.get(), args[2], nullptr));
  return made;
}
const Rebuilder make_native{"native", guarded<rebuild_native>};

void extend(PyObject* object, PyTypeObject* base, PyObject* items) {
  if (items == Py_None) return;
  if (PyList_Check(object)) {
    ok(PyList_SetSlice(object, 0, PyList_GET_SIZE(object), items));
    return;
  }
  const Ref method = attr(raw(base), "extend");
  call(method, object, items);
}

void update(PyObject* object, PyTypeObject* base, PyObject* pairs) {
  if (pairs == Py_None) return;
  if (PyDict_Check(object)) {  // as the loader fills those that are no class of the script
    ok(frames::dict_put(object, pairs));
    if (PyDict_GET_SIZE(object) < PyList_GET_SIZE(pairs))
      broken("a dict has lost entries: its keys compare in another way than before");
    return;
  }
  const Ref set_item = attr(raw(base), "__setitem__");
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(pairs); ++i) {
    PyObject* pair = PyList_GET_ITEM(pairs, i);
    call(set_item, object, item(pair, 0), item(pair, 1));
  }
}

bool has_late_pair(PyObject* pairs) {
  for (Py_ssize_t i = 0; pairs != Py_None && i < PyList_GET_SIZE(pairs); ++i)
    if (needs_late_hash(item(PyList_GET_ITEM(pairs, i), 0))) return true;
  return false;
}

// Keys that may still be unfinished are put in when everything is loaded.
void fill_keys(PyObject* object, PyTypeObject* base, PyObject* pairs, PyObject* table) {
  const auto fill = [object = Ref::borrow(object), base, pairs = Ref::borrow(pairs),
                     table = Ref::borrow(table)] {
    update(object.get(), base, pairs.get());
    if (!table.is(Py_None)) fill_set(object.get(), table.get());
  };
  if (has_late_pair(pairs) || (table != Py_None && PySequence_Size(item(table, 3)) > 0))
    Loader::current().when_keys_can_be_hashed(object, pairs != Py_None ? pairs : table, fill);
  else
    fill();
}

// What the constructors of property, staticmethod and classmethod take, without their other effect:
// they give the instance names and a doc, through a __setattr__ that the class may have.
constexpr const char* kMembers = "members";

// ((name, value), ...); a property keeps no None.
void set_members(PyObject* object, PyTypeObject* base, PyObject* members) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(members); ++i) {
    PyObject* member = PyTuple_GET_ITEM(members, i);
    PyObject* value = item(member, 1);
    const Py_ssize_t offset = member_offset(base, utf8(item(member, 0)).c_str());
    auto** place = reinterpret_cast<PyObject**>(reinterpret_cast<char*>(object) + offset);
    const bool none_kept = base != &PyProperty_Type && value == Py_None;
    Py_XSETREF(*place, value != Py_None || none_kept ? Py_NewRef(value) : nullptr);
  }
}

void give_native_state(PyObject* object, PyTypeObject* base, PyObject* method, PyObject* state) {
  if (utf8(method) == kMembers) return set_members(object, base, state);
  const NoDeprecationWarnings quiet(warns_when_saved(base));
  call(own(PyObject_GetAttr(raw(base), method)), object, state);
}

// (object, (instance state, base, native state, list items, dict items, set table, state method))
Ref fill_native(Args args) {
  PyObject* object = args[0];
  PyObject* state = args[1];
  auto* base = reinterpret_cast<PyTypeObject*>(item(state, 1));
  if (item(state, 2) != Py_None) give_native_state(object, base, item(state, 6), item(state, 2));
  extend(object, base, item(state, 3));
  fill_keys(object, base, item(state, 4), item(state, 5));
  restore_instance_state(object, item(state, 0));
  return none();
}
const Rebuilder set_native{"native.state", guarded<fill_native>};

struct Parts {
  Ref args = own(PyTuple_New(0));
  bool init = false;
  const char* state_method = "__setstate__";
  Ref state = none(), list_items = none(), dict_items = none(), set_table = none();
};

Ref dict_pairs(PyObject* dict) { return own(PyDict_Items(dict)); }

// The plain value under a subclass of an immutable builtin.
Ref immutable_value(PyObject* object, PyTypeObject* base) {
  if (base == &PyTuple_Type) return own(PyTuple_GetSlice(object, 0, PyTuple_GET_SIZE(object)));
  if (base == &PyLong_Type) return own(_PyLong_Copy(reinterpret_cast<PyLongObject*>(object)));
  if (base == &PyFloat_Type) return own(PyFloat_FromDouble(PyFloat_AS_DOUBLE(object)));
  if (base == &PyUnicode_Type) return own(PyUnicode_Substring(object, 0, PY_SSIZE_T_MAX));
  if (base == &PyBytes_Type)
    return own(PyBytes_FromStringAndSize(PyBytes_AS_STRING(object), PyBytes_GET_SIZE(object)));
  if (base == &PyComplex_Type)
    return own(PyComplex_FromCComplex(reinterpret_cast<PyComplexObject*>(object)->cval));
  return {};
}

bool is_named(PyTypeObject* base, const char* name) {
  return std::strcmp(base->tp_name, name) == 0;
}

bool is_memory_file(PyTypeObject* base) {
  return is_named(base, "_io.BytesIO") || is_named(base, "_io.StringIO");
}

// (..., position, __dict__): without the __dict__, which is ours to save.
void memory_file_state(PyObject* object, PyTypeObject* base, Parts& parts) {
  if (is_true(attr_of_base(object, base, "closed")))
    refuse("a closed file in memory, of a class of the script");
  const Ref state = own(PySequence_List(call_method(raw(base), "__getstate__", object).get()));
  ok(PyList_SetItem(state.get(), PyList_GET_SIZE(state.get()) - 1, Py_NewRef(Py_None)));
  parts.state = own(PyList_AsTuple(state.get()));
}

// Bases of streams written in Python: they hold nothing but the __dict__.
bool is_bare_stream(PyTypeObject* base) {
  for (const char* name :
       {"_io._IOBase", "_io._RawIOBase", "_io._BufferedIOBase", "_io._TextIOBase"})
    if (std::strcmp(base->tp_name, name) == 0) return true;
  return false;
}

// By what lies in them: the class may iterate in its own way.
bool container_parts(PyObject* object, PyTypeObject* base, Parts& parts) {
  if (base == &PyList_Type) {
    parts.list_items = own(PyList_GetSlice(object, 0, PyList_GET_SIZE(object)));
  } else if (base == &PyDict_Type) {
    parts.dict_items = dict_pairs(object);
  } else if (base == &PyODict_Type) {
    parts.dict_items = own(PySequence_List(call_method(raw(base), "items", object).get()));
  } else if (base == &PySet_Type || base == &PyFrozenSet_Type) {
    parts.set_table = own(frames::set_get(object));
  } else if (is_named(base, "collections.deque")) {
    parts.args = pack(own(PyTuple_New(0)), attr_of_base(object, base, "maxlen"));
    parts.init = true;
    parts.list_items = own(PySequence_List(own(base->tp_iter(object)).get()));
  } else if (is_named(base, "collections.defaultdict")) {
    parts.state = attr_of_base(object, base, "default_factory");
    parts.state_method = "__init__";
    parts.dict_items = dict_pairs(object);
  } else {
    return false;
  }
  return true;
}

// What the constructor is given.
Ref constructor_parts(PyObject* object, PyTypeObject* base) {
  const auto part = [&](const char* name) { return attr_of_base(object, base, name); };
  if (base == &PyByteArray_Type)
    return pack(own(
        PyBytes_FromStringAndSize(PyByteArray_AS_STRING(object), PyByteArray_GET_SIZE(object))));
  if (is_named(base, "_struct.Struct")) return pack(part("format"));
  return {};
}

Ref member_parts(PyObject* object, PyTypeObject* base) {
  const auto part = [&](const char* name) {
    return pack(text(name), attr_of_base(object, base, name));
  };
  if (base == &PyProperty_Type) return pack(part("fget"), part("fset"), part("fdel"));
  if (base == &PyStaticMethod_Type || base == &PyClassMethod_Type) return pack(part("__func__"));
  return {};
}

bool builtin_parts(PyObject* object, PyTypeObject* base, Parts& parts) {
  if (Ref value = immutable_value(object, base)) {
    parts.args = pack(value);
  } else if (container_parts(object, base, parts)) {
    return true;
  } else if (Ref given = constructor_parts(object, base)) {
    parts.args = given;
    parts.init = true;
  } else if (Ref members = member_parts(object, base)) {
    parts.state = members;
    parts.state_method = kMembers;
  } else if (is_named(base, "_random.Random")) {
    parts.state = call_method(raw(base), "getstate", object);
    parts.state_method = "setstate";
  } else if (std::strncmp(base->tp_name, "_multibytecodec.MultibyteIncremental", 36) == 0) {
    parts.args = pack(attr_of_base(object, base, "errors"));
    parts.state = call_method(raw(base), "getstate", object);
    parts.state_method = "setstate";
  } else if (is_memory_file(base)) {
    memory_file_state(object, base, parts);
  } else {
    return is_bare_stream(base);
  }
  return true;
}

// What the C type's own __reduce__ or __reduce_ex__ says, called past the class's overrides.
Ref native_reduce(PyObject* object, PyTypeObject* base) {
  const Ref plain = attr(raw(&PyBaseObject_Type), "__reduce__");
  const Ref plain_ex = attr(raw(&PyBaseObject_Type), "__reduce_ex__");
  const Ref reduce = attr(raw(base), "__reduce__"), reduce_ex = attr(raw(base), "__reduce_ex__");
  const NoDeprecationWarnings quiet(warns_when_saved(base));
  // A type that has both tells more in the newer one: datetime its fold.
  if (!reduce_ex.is(plain_ex.get())) return call(reduce_ex, object, number(4));
  if (!reduce.is(plain.get())) return call(reduce, object);
  const char* why = why_refused(base);
  refuse(why ? why
             : std::string("instances of its C base class ") + base->tp_name + " cannot be saved");
}

Ref part_or_none(const Ref& value, Py_ssize_t i) {
  if (PyTuple_GET_SIZE(value.get()) <= i) return none();
  return Ref::borrow(PyTuple_GET_ITEM(value.get(), i));
}

// A reduce value may carry the instance's __dict__ as state; that one is ours to save.
void native_state(PyObject* object, PyTypeObject* base, const Ref& value, Parts& parts) {
  Ref state = part_or_none(value, 2);
  if (state.is(Py_None) || !attr_or_null(raw(base), "__setstate__")) return;
  const Ref dict = instance_dict(object);
  if (dict && state.is(dict.get())) return;
  parts.state = state;
}

void reduced_parts(PyObject* object, const Rule& rule, Parts& parts) {
  PyTypeObject* base = rule.layout.native_base;
  const Ref value = native_reduce(object, base);
  if (!PyTuple_Check(value.get()) || PyTuple_GET_SIZE(value.get()) < 2)
    refuse(std::string("its C base class ") + base->tp_name + " is saved by name only");
  PyObject* constructor = item(value, 0);
  if (constructor != raw(rule.type))
    refuse(std::string("its C base class ") + base->tp_name + " has a constructor of its own");
  parts.args = is_partial_type(base) ? pack(partial_placeholder()) : Ref::borrow(item(value, 1));
  parts.init = base->tp_init && base->tp_init != PyBaseObject_Type.tp_init;
  native_state(object, base, value, parts);
  const Ref items = part_or_none(value, 3), pairs = part_or_none(value, 4);
  if (!items.is(Py_None)) parts.list_items = own(PySequence_List(items.get()));
  if (!pairs.is(Py_None)) parts.dict_items = own(PySequence_List(pairs.get()));
}

// False: its C base class cannot be pickled, but made again by what it refers to.
bool pickled_parts(PyObject* object, const Rule& rule, Parts& parts) {
  try {
    reduced_parts(object, rule, parts);
    return true;
  } catch (const CannotSave&) {
    if (!is_made_of_references(object, rule.layout.native_base)) throw;
  } catch (const Raised&) {
    if (!is_made_of_references(object, rule.layout.native_base)) throw;
    PyErr_Clear();
  }
  return false;
}

}  // namespace

Ref reduce_native(Saver& saver, PyObject* object, Rule& rule) {
  PyTypeObject* base = rule.layout.native_base;
  Parts parts;
  if (!builtin_parts(object, base, parts) && !pickled_parts(object, rule, parts))
    return reduce_references(saver, object, rule);
  const Ref state = pack(instance_state(saver, object, rule), base, parts.state, parts.list_items,
                         parts.dict_items, parts.set_table, text(parts.state_method));
  return reduced(make_native, pack(rule.type, base, parts.args, boolean(parts.init)), state,
                 set_native);
}

Ref reduce_bare_native(Saver& saver, PyObject* object, Rule& rule) {
  rule.layout = layout_of(rule.type);
  return reduce_native(saver, object, rule);
}

}  // namespace chkpt::heap
