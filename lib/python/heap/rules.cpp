// SPDX-License-Identifier: BSD-3-Clause
// Chooses how instances of a type are saved, once per type and save.
#include <Python.h>
#include <structmember.h>

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "base/text.hpp"
#include "python/frames/objects.hpp"
#include "python/heap/by_value.hpp"
#include "python/heap/call.hpp"
#include "python/heap/compiled/ctypes_layout.hpp"
#include "python/heap/customs.hpp"
#include "python/heap/packages/fortran_data.hpp"
#include "python/heap/hashing.hpp"
#include "python/heap/modules/library_contents.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/packages/numba_functions.hpp"
#include "python/heap/packages/pybind11_objects.hpp"
#include "python/heap/quiet.hpp"
#include "python/heap/reducers.hpp"
#include "python/heap/packages/torch_objects.hpp"
#include "python/heap/packages/torch_tensors.hpp"

namespace chkpt::heap {
namespace {

const ExactTypes& exact_types() {
  static const ExactTypes types = [] {
    ExactTypes all;
    add_function_types(all);
    add_frame_types(all);
    add_iterator_types(all);
    add_sync_types(all);
    add_memory_view_type(all);
    add_file_types(all);
    return all;
  }();
  return types;
}

// numpy may be imported at any time, so its types are asked for anew in every save.
Reduce exact_numpy_type(PyTypeObject* type) {
  if (!loaded_module("numpy")) return nullptr;
  ExactTypes types;
  add_numpy_types(types);
  const auto found = types.find(type);
  return found == types.end() ? nullptr : found->second;
}

bool is_subtype_of(PyTypeObject* type, PyTypeObject* base) {
  return PyType_IsSubtype(type, base) != 0;
}

PyObject* lookup(PyTypeObject* type, const char* name) {
  const Ref key = text(name);
  return _PyType_Lookup(type, key.get());  // borrowed
}

bool same_lookup(PyTypeObject* type, PyTypeObject* base, const char* name) {
  return lookup(type, name) == lookup(base, name);
}

// NEWOBJ and BUILD call the class's __new__, __setstate__ and __setattr__ and read __class__ and
// __dict__: plain if none of these is the class's own.
bool is_plain(PyTypeObject* type, const Layout& layout) {
  if (layout.native_base != &PyBaseObject_Type || type->tp_new != PyBaseObject_Type.tp_new)
    return false;
  if (type->tp_getattro != PyObject_GenericGetAttr || type->tp_setattro != PyObject_GenericSetAttr)
    return false;
  if (lookup(type, "__setstate__") || !same_lookup(type, &PyBaseObject_Type, "__class__"))
    return false;
  if (PyObject* dict = lookup(type, "__dict__"); dict && Py_TYPE(dict) != &PyGetSetDescr_Type)
    return false;
  for (const Slot& slot : layout.slots) {
    PyObject* found = lookup(type, slot.name);
    if (!found || Py_TYPE(found) != &PyMemberDescr_Type) return false;
    if (reinterpret_cast<PyMemberDescrObject*>(found)->d_member->offset != slot.offset)
      return false;
  }
  return true;
}

bool has_own_getstate(PyTypeObject* type) {
  return !same_lookup(type, &PyBaseObject_Type, "__getstate__");
}

// Library classes that know better than raw state: they are saved by name, re-register, or refuse.
bool has_own_reduce(PyTypeObject* type) {
  for (const char* name : {"__reduce__", "__reduce_ex__"})
    if (!same_lookup(type, &PyBaseObject_Type, name)) return true;
  return lookup(type, "__getnewargs__") || lookup(type, "__getnewargs_ex__");
}

bool derives_from(PyTypeObject* type, const char* module, const char* name) {
  const Ref base = loaded_attr(module, name);
  return base && is_subtype_of(type, reinterpret_cast<PyTypeObject*>(base.get()));
}

// Library classes whose __reduce__ is not for them: SystemRandom has no state and says so by
// refusing to show it, WeakSet lists its members in the order of their addresses.
Reduce in_place_of_own_reduce(PyTypeObject* type) {
  if (derives_from(type, "random", "SystemRandom")) return reduce_native;
  return derives_from(type, "_weakrefset", "WeakSet") ? reduce_special : nullptr;
}

// Library classes whose raw state could not be saved. Kept alive: they are known by address.
std::unordered_set<PyTypeObject*>& taken_by_own_getstate() {
  static std::unordered_set<PyTypeObject*> types;
  return types;
}

// Those for which it did not help, since the last save that succeeded: not tried again, for each
// time is a whole save.
std::unordered_set<PyTypeObject*>& tried_in_vain() {
  static std::unordered_set<PyTypeObject*> types;
  return types;
}

// Library classes whose instances are saved as raw state although they have a __reduce__.
std::unordered_set<PyTypeObject*>& raw_in_place_of_reduce() {
  static std::unordered_set<PyTypeObject*> types;
  return types;
}

// Optional["Node"] and the like would be asked for again, by what may be unfinished then: forward
// references hash by attributes.
bool is_typing_alias(PyTypeObject* type) {
  const Ref base = loaded_attr("typing", "_GenericAlias");
  return base && PyType_Check(base.get()) &&
         is_subtype_of(type, reinterpret_cast<PyTypeObject*>(base.get()));
}

// In the order of its bases, of the first class that has the name itself.
Py_ssize_t definer_of(PyTypeObject* type, const char* name) {
  Py_ssize_t i = 0;
  for (; i < PyTuple_GET_SIZE(type->tp_mro); ++i)
    if (find(reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(type->tp_mro, i))->tp_dict, name))
      break;
  return i;
}

// Their own way of pickling hands what they hold to __new__, which a class may have given other
// arguments: one that derives from a namedtuple, for instance, whose __getnewargs__ knows nothing
// of it.
bool is_value_with_own_new(const Rule& rule) {
  PyTypeObject* base = rule.layout.native_base;
  if (base != &PyTuple_Type && base != &PyUnicode_Type && base != &PyLong_Type &&
      base != &PyFloat_Type && base != &PyBytes_Type && base != &PyComplex_Type)
    return false;
  for (const char* name : {"__reduce__", "__reduce_ex__", "__getnewargs_ex__"})
    if (!same_lookup(rule.type, base, name)) return false;
  if (same_lookup(rule.type, base, "__new__")) return false;
  return same_lookup(rule.type, base, "__getnewargs__") ||
         definer_of(rule.type, "__new__") < definer_of(rule.type, "__getnewargs__");
}

// The __reduce__ of sets knows nothing of their order, and adds the elements anew: asks them for
// their hashes, and whether they are equal.
bool is_set_by_inheritance(const Rule& rule) {
  PyTypeObject* base = rule.layout.native_base;
  if (base != &PySet_Type && base != &PyFrozenSet_Type) return false;
  for (const char* name : {"__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__"})
    if (!same_lookup(rule.type, base, name)) return false;
  return !has_own_getstate(rule.type);
}

Reduce rule_for_python_class(Saver& saver, Rule& rule) {
  rule.layout = layout_of(rule.type);
  if (is_buffered_type(rule.layout.native_base)) return reduce_buffered;
  if (is_child_process(rule.type)) return reduce_child_process;
  if (is_decompress_reader(rule.type)) return reduce_decompress_reader;
  if (is_compressed_file(rule.type)) return reduce_compressed_file;
  if (is_hdf5_object_type(rule.type) && rule.layout.native_base == &PyBaseObject_Type)
    return reduce_hdf5_object;
  const bool by_value = saver.by_value().type(rule.type) || is_typing_alias(rule.type);
  if (Reduce raw_state = in_place_of_own_reduce(rule.type)) return raw_state;
  if (is_value_with_own_new(rule) && !has_own_getstate(rule.type)) return reduce_native;
  if (is_set_by_inheritance(rule)) return reduce_native;
  const bool own_getstate = taken_by_own_getstate().count(rule.type) != 0;
  if (!by_value && (own_getstate || has_own_reduce(rule.type))) return reduce_by_default;
  // A state made for a transfer may leave out what a continuation needs, such as where
  // matplotlib's axes stand in their cycle of colours: raw state, as long as it can be saved.
  if (!by_value && has_own_getstate(rule.type))
    return rule.layout.native_base == &PyBaseObject_Type ? reduce_special : reduce_by_default;
  if (rule.layout.native_base != &PyBaseObject_Type)
    return by_value || !has_own_reduce(rule.layout.native_base) ? reduce_native : reduce_by_default;
  return is_plain(rule.type, rule.layout) ? reduce_plain : reduce_special;
}

const ForeignType* matching_foreign_type(PyTypeObject* type) {
  for (const ForeignType& foreign : foreign_types())
    if (foreign.matches(type)) return &foreign;
  return nullptr;
}

Reduce torch_rule(Rule& rule) {
  PyTypeObject* type = rule.type;
  if (!loaded_module("torch")) return nullptr;
  if (is_torch_storage_type(type)) return reduce_torch_storage;
  if (is_torch_generator_type(type)) return reduce_torch_generator;
  if (is_torch_record_function_type(type)) return reduce_torch_record_function;
  const bool tensor = is_torch_tensor_type(type);
  if (!tensor && !is_torch_typed_storage_type(type)) return nullptr;
  rule.layout = layout_of(type);
  return tensor ? reduce_torch_tensor : reduce_special;
}

Reduce rule_for(Saver& saver, Rule& rule) {
  PyTypeObject* type = rule.type;
  if (Reduce numba = numba_rule(type)) return numba;
  if (is_subtype_of(type, &PyType_Type)) return reduce_class;
  if ((rule.foreign = matching_foreign_type(type))) return reduce_foreign;
  if (Reduce custom = custom_rule(saver, rule)) return custom;
  const auto exact = exact_types().find(type);
  if (exact != exact_types().end()) return exact->second;
  if (Reduce library = library_rule(type)) return library;
  if (Reduce numpy = exact_numpy_type(type)) return numpy;
  if (is_subtype_of(type, reinterpret_cast<PyTypeObject*>(PyExc_BaseException))) {
    rule.layout = layout_of(type);
    return reduce_exception;
  }
  if (is_subtype_of(type, &PyModule_Type)) return reduce_module;
  if (is_hdf5_handle_type(type)) return reduce_hdf5_handle;
  if (is_hdf5_reference_type(type)) return reduce_hdf5_reference;
  if (is_subtype_of(type, &_PyWeakref_RefType)) {
    rule.layout = layout_of(type);
    return reduce_weakref;
  }
  if (is_thread_type(type)) {
    rule.layout = layout_of(type);
    return reduce_thread;
  }
  if (is_local_type(type)) return reduce_local;
  if (is_weak_set_type(type)) return reduce_weak_set;
  if (is_numpy_array_type(saver, type)) {
    rule.layout = layout_of(type);
    return reduce_array;
  }
  if (is_numpy_dtype(type)) return reduce_dtype;
  if (is_fortran_type(type)) return reduce_fortran_routine;
  if (Reduce torch = torch_rule(rule)) return torch;
  if (Reduce of_asyncio = async_rule(rule)) return of_asyncio;
  if (is_ctypes_type(type)) return reduce_ctypes_data;
  if (is_ctypes_library_type(type)) return reduce_ctypes_library;
  return frames::is_python_class(type) ? rule_for_python_class(saver, rule) : reduce_by_default;
}

Ref rebuild_foreign(Args args) {
  const ForeignType* type = foreign_type(utf8(args[0]));
  if (!type) broken("no module here rebuilds objects of kind " + utf8(args[0]));
  Ref made = type->rebuild(reinterpret_cast<PyTypeObject*>(args[1]), args[2]);
  if (!made) throw Raised{};
  return made;
}
const Rebuilder make_foreign{"foreign", guarded<rebuild_foreign>};

Ref reduce_protocol_5(PyObject* object) {
  constexpr long kProtocol = 5;
  if (warns_when_saved(Py_TYPE(object))) return reduce_quietly(object, kProtocol);
  return call_method(object, "__reduce_ex__", number(kProtocol));
}

// For a transfer a class may be content with something like its object: dask's layers give a table
// of what they would compute. A continuation needs the object itself.
bool makes_another_type(PyObject* value, Rule& rule) {
  if (!PyTuple_Check(value) || PyTuple_GET_SIZE(value) < 2) return false;
  PyObject* made = PyTuple_GET_ITEM(value, 0);
  if (!PyType_Check(made) || made == raw(rule.type)) return false;
  rule.layout = layout_of(rule.type);
  return frames::is_python_class(rule.type) && rule.layout.native_base == &PyBaseObject_Type;
}

// What is still empty when the pickler hands it to a constructor: Counter(a_dict) would copy
// nothing.
bool comes_unfilled(Saver& saver, PyObject* value, int depth) {
  constexpr int kDeepest = 3;
  if (PyDict_CheckExact(value)) return saver.fills_late(value);
  if (PySet_CheckExact(value)) return fills_late_set(value);
  if (PyFrozenSet_CheckExact(value)) return set_has_late_key(value);
  if (depth == kDeepest || !(PyTuple_CheckExact(value) || PyList_CheckExact(value))) return false;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(value); ++i)
    if (comes_unfilled(saver, PySequence_Fast_GET_ITEM(value, i), depth + 1)) return true;
  return false;
}

bool is_made_of_unfilled(Saver& saver, PyObject* value, Rule& rule) {
  if (!PyTuple_Check(value) || PyTuple_GET_SIZE(value) < 2) return false;
  if (comes_unfilled(saver, PyTuple_GET_ITEM(value, 1), 0)) return true;
  return PyTuple_GET_SIZE(value) > 2 && lookup(rule.type, "__setstate__") &&
         comes_unfilled(saver, PyTuple_GET_ITEM(value, 2), 1);
}

template <class Claim>
bool holds_any(PyObject* value, const Claim& claim, int depth = 0) {
  constexpr int kDeepest = 4;
  if (claim(value)) return true;
  if (depth == kDeepest || !(PyTuple_CheckExact(value) || PyList_CheckExact(value))) return false;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(value); ++i)
    if (holds_any(PySequence_Fast_GET_ITEM(value, i), claim, depth + 1)) return true;
  return false;
}

// A function that is given classes of the script may ask them for what they have only when all is
// loaded: SQLAlchemy's attributes and paths are looked up in the mapped class, Django's descriptors
// are got from the model.
bool is_made_of_script_class(Saver& saver, PyObject* maker, PyObject* arguments) {
  if (!PyFunction_Check(maker) && !PyMethod_Check(maker) &&
      !attr(import("builtins"), "getattr").is(maker))
    return false;
  return holds_any(arguments, [&](PyObject* value) {
    return PyType_Check(value) && saver.by_value().type(reinterpret_cast<PyTypeObject*>(value));
  });
}

// By the __new__ of its class, which is one in Python, as object.__reduce_ex__ asks for it.
bool is_made_by_new(PyObject* maker, PyObject* arguments, const char* how, Rule& rule) {
  return attr(import("copyreg"), how).is(maker) && PyTuple_Check(arguments) &&
         PyTuple_GET_SIZE(arguments) > 1 && PyTuple_GET_ITEM(arguments, 0) == raw(rule.type) &&
         rule.type->tp_new != PyBaseObject_Type.tp_new;
}

// Its own class may do so with what it is made of: SQLAlchemy's annotated elements copy what is in
// others. And it may answer with something else than it was, as sympy does where an expression was
// not to be evaluated.
bool is_made_of_instances(PyObject* maker, PyObject* arguments, Rule& rule) {
  const bool by_class =
      maker == raw(rule.type) || is_made_by_new(maker, arguments, "__newobj__", rule) ||
      is_made_by_new(maker, arguments, "__newobj_ex__", rule);
  if (!by_class || taken_by_own_getstate().count(rule.type)) return false;
  if (!holds_any(arguments,
                 [](PyObject* value) { return frames::is_python_class(Py_TYPE(value)); }))
    return false;
  if (raw_in_place_of_reduce().insert(rule.type).second) Py_INCREF(rule.type);
  return true;
}

template <class Claim>
bool any_attribute(PyObject* instance, const Layout& layout, const Claim& claim) {
  for (const Slot& slot : layout.slots)
    if (PyObject* value = slot_value(instance, slot); value && claim(value)) return true;
  const Ref dict = layout.has_dict ? instance_dict(instance) : Ref();
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; dict && PyDict_Next(dict.get(), &at, &name, &value);)
    if (claim(value)) return true;
  return false;
}

// Instances that are made anew by their class need not be new ones.
bool may_share_instances(PyTypeObject* type) {
  return type->tp_new != PyBaseObject_Type.tp_new || Py_TYPE(type)->tp_call != PyType_Type.tp_call;
}

// Objects among its attributes that its own way of pickling leaves to others to put back: the links
// of cachetools' TTLCache are joined again by the cache, whose state is raw.
bool leaves_attributes_out(PyObject* object, PyObject* value, Rule& rule) {
  if (PyTuple_GET_SIZE(value) > 2 && PyTuple_GET_ITEM(value, 2) != Py_None) return false;
  if (PyTuple_GET_ITEM(value, 0) != raw(rule.type) || may_share_instances(rule.type) ||
      taken_by_own_getstate().count(rule.type))
    return false;
  PyObject* arguments = PyTuple_GET_ITEM(value, 1);
  const bool any = any_attribute(object, rule.layout, [&](PyObject* attribute) {
    return !is_atom(attribute) &&
           !holds_any(arguments, [&](PyObject* one) { return one == attribute; });
  });
  if (any && raw_in_place_of_reduce().insert(rule.type).second) Py_INCREF(rule.type);
  return any;
}

bool holds_itself(PyObject* instance, PyObject* object) {
  if (PyType_Check(instance) || !frames::is_python_class(Py_TYPE(instance))) return false;
  return any_attribute(instance, layout_of(Py_TYPE(instance)),
                       [&](PyObject* attribute) { return attribute == object; });
}

// What it is to be made from has it as an attribute, and cannot be whole by then: SQLAlchemy's
// comparators are asked for from their expressions, which keep them.
bool is_made_of_its_holder(PyObject* object, PyObject* arguments, Rule& rule) {
  if (taken_by_own_getstate().count(rule.type) ||
      !holds_any(arguments, [&](PyObject* one) { return holds_itself(one, object); }))
    return false;
  if (raw_in_place_of_reduce().insert(rule.type).second) Py_INCREF(rule.type);
  return true;
}

// A function that is given names alone looks for it among what its library has been told, which is
// put back after all objects: Django's fields, by the names of their models.
bool is_looked_up(PyObject* object, PyObject* value, Rule& rule) {
  if (taken_by_own_getstate().count(rule.type) || !is_class_of_followed(rule.type) ||
      !PyFunction_Check(PyTuple_GET_ITEM(value, 0)) || !is_atom(PyTuple_GET_ITEM(value, 1)))
    return false;
  for (Py_ssize_t i = 2; i < PyTuple_GET_SIZE(value); ++i)
    if (PyTuple_GET_ITEM(value, i) != Py_None) return false;
  if (!any_attribute(object, rule.layout, [](PyObject* one) { return !is_atom(one); }))
    return false;
  if (raw_in_place_of_reduce().insert(rule.type).second) Py_INCREF(rule.type);
  return true;
}

bool takes_raw_state(Saver& saver, PyObject* object, PyObject* value, Rule& rule) {
  if (rule.reduce != reduce_by_default) return false;  // another rule's own affair
  if (!PyTuple_Check(value) || PyTuple_GET_SIZE(value) < 2) return false;
  rule.layout = layout_of(rule.type);
  PyTypeObject* base = rule.layout.native_base;
  if (base != &PyBaseObject_Type && base != &PyDict_Type && base != &PyList_Type) return false;
  PyObject *maker = PyTuple_GET_ITEM(value, 0), *arguments = PyTuple_GET_ITEM(value, 1);
  return is_made_of_script_class(saver, maker, arguments) ||
         is_made_of_instances(maker, arguments, rule) ||
         is_made_of_its_holder(object, arguments, rule) ||
         (base == &PyBaseObject_Type && (leaves_attributes_out(object, value, rule) ||
                                         is_looked_up(object, value, rule)));
}

// What a class's own way of pickling meets with an object that is only half made, or by a mistake
// of its own (sympy's rings change a dict while they loop over it), or says of a transfer to
// another process (multiprocessing). A class that does not want to be pickled has another
// exception.
bool is_accident() {
  if (PyErr_ExceptionMatches(PyExc_AttributeError) || PyErr_ExceptionMatches(PyExc_LookupError))
    return true;
  if (!PyErr_ExceptionMatches(PyExc_RuntimeError) && !PyErr_ExceptionMatches(PyExc_TypeError))
    return false;
  PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
  PyErr_Fetch(&type, &value, &trace);
  const Ref shown = Ref::steal(value ? PyObject_Str(value) : nullptr);
  const std::string said = shown ? utf8(shown.get()) : "";
  PyErr_Restore(type, value, trace);
  constexpr const char* kEndings[] = {"during iteration",
                                      "should only be shared between processes through inheritance",
                                      "is disallowed for security reasons"};
  return std::any_of(std::begin(kEndings), std::end(kEndings),
                     [&](const char* ending) { return ends_with(said, ending); });
}

Ref reduce_raw_state(Saver& saver, PyObject* object, Rule& rule) {
  rule.layout = layout_of(rule.type);
  return rule.layout.native_base == &PyBaseObject_Type ? reduce_special(saver, object, rule)
                                                       : reduce_native(saver, object, rule);
}

}  // namespace

void choose_rule(Saver& saver, Rule& rule) {
  // Some static types of 3.11 are never readied; asking them anything would crash.
  if (!PyType_HasFeature(rule.type, Py_TPFLAGS_READY)) ok(PyType_Ready(rule.type));
  rule.reduce = rule_for(saver, rule);
}

bool take_own_getstate(PyTypeObject* type) {
  if (!frames::is_python_class(type)) return false;
  if (!has_own_getstate(type) && !raw_in_place_of_reduce().count(type)) return false;
  if (tried_in_vain().count(type) || !taken_by_own_getstate().insert(type).second) return false;
  Py_INCREF(type);
  return true;
}

void give_back_own_getstate(PyTypeObject* type) {
  if (taken_by_own_getstate().erase(type)) tried_in_vain().insert(type);
}

bool forget_vain_tries() {
  const bool any = !tried_in_vain().empty();
  tried_in_vain().clear();
  return any;
}

Ref reduce_foreign(Saver&, PyObject* object, Rule& rule) {
  Ref description = rule.foreign->reduce(object);
  if (!description) throw Raised{};
  const Ref kind = text(rule.foreign->name);
  return reduced(make_foreign, pack(kind, rule.type, description));
}

Ref reduce_by_default(Saver& saver, PyObject* object, Rule& rule) {
  const Ref table = attr(import("copyreg"), "dispatch_table");
  PyObject* registered = PyDict_GetItemWithError(table.get(), raw(rule.type));
  Ref value;
  try {
    value = registered ? call(registered, object) : reduce_protocol_5(object);
  } catch (const Raised&) {
    if (!frames::is_python_class(rule.type) || !is_accident()) throw;
    PyErr_Clear();
    return reduce_raw_state(saver, object, rule);
  }
  if (makes_another_type(value.get(), rule)) return reduce_special(saver, object, rule);
  if (frames::is_python_class(rule.type) && (is_made_of_unfilled(saver, value.get(), rule) ||
                                             takes_raw_state(saver, object, value.get(), rule)))
    return reduce_raw_state(saver, object, rule);
  if (!frames::is_python_class(rule.type)) check_owns_its_value(object);
  if (frames::is_python_class(rule.type) && lookup(rule.type, "__getattr__") &&
      !lookup(rule.type, "__setstate__"))
    value = filled_unasked(value);
  if (!PyUnicode_Check(value.get())) return saver.with_whole_arguments(value);
  // "Saved by name": the script's modules are rebuilt, not imported, so no name can be found there;
  // in a library's module none that a new import will not make.
  const Ref module = attr_or_null(object, "__module__");
  const bool of_script = module && saver.by_value().module_named(module.get());
  if (!of_script && (!module || is_imported_as(object, module.get(), value.get()))) return value;
  if (!frames::is_python_class(rule.type)) {
    if (!of_script) return value;
    refuse("it can only be saved by name, in a module that is saved by value");
  }
  rule.layout = layout_of(rule.type);
  return reduce_special(saver, object, rule);
}

bool is_imported_as(PyObject* object, PyObject* module_name, PyObject* name) {
  PyObject* module = PyDict_GetItemWithError(PyImport_GetModuleDict(), module_name);
  if (!module || !PyUnicode_Check(name)) return true;  // the pickler will find out
  return find_qualified(module, name).is(object) && !made_after_import(module, name, object);
}

Ref refuse_type(Saver&, PyObject*, Rule& rule) {
  refuse(std::string(rule.type->tp_name) + " objects cannot be saved");
}

}  // namespace chkpt::heap
