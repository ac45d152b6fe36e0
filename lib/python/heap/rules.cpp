// SPDX-License-Identifier: BSD-3-Clause
// Chooses how instances of a type are saved, once per type and save.
#include <Python.h>
#include <structmember.h>

#include "python/frames/objects.hpp"
#include "python/heap/by_value.hpp"
#include "python/heap/call.hpp"
#include "python/heap/compiled/ctypes_layout.hpp"
#include "python/heap/customs.hpp"
#include "python/heap/language/interpreters.hpp"
#include "python/heap/left_out.hpp"
#include "python/heap/packages/fortran_data.hpp"
#include "python/heap/language/mistaken_pickling.hpp"
#include "python/heap/language/reference_objects.hpp"
#include "python/heap/language/refused_types.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/packages/numba_functions.hpp"
#include "python/heap/packages/pybind11_objects.hpp"
#include "python/heap/quiet.hpp"
#include "python/heap/raw_state.hpp"
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

// NEWOBJ and BUILD call the class's __new__, __setstate__ and __setattr__ and read __class__ and
// __dict__: plain if none of these is the class's own.
bool is_plain(PyTypeObject* type, const Layout& layout) {
  if (layout.native_base != &PyBaseObject_Type || type->tp_new != PyBaseObject_Type.tp_new)
    return false;
  if (type->tp_getattro != PyObject_GenericGetAttr || type->tp_setattro != PyObject_GenericSetAttr)
    return false;
  if (type_attribute(type, "__setstate__") ||
      !same_attribute(type, &PyBaseObject_Type, "__class__"))
    return false;
  if (PyObject* dict = type_attribute(type, "__dict__");
      dict && Py_TYPE(dict) != &PyGetSetDescr_Type)
    return false;
  for (const Slot& slot : layout.slots) {
    PyObject* found = type_attribute(type, slot.name);
    if (!found || Py_TYPE(found) != &PyMemberDescr_Type) return false;
    if (reinterpret_cast<PyMemberDescrObject*>(found)->d_member->offset != slot.offset)
      return false;
  }
  return true;
}

// Library classes that know better than raw state: they are saved by name, re-register, or refuse.
bool has_own_reduce(PyTypeObject* type) {
  for (const char* name : {"__reduce__", "__reduce_ex__"})
    if (!same_attribute(type, &PyBaseObject_Type, name)) return true;
  return type_attribute(type, "__getnewargs__") || type_attribute(type, "__getnewargs_ex__");
}

// A state made for a transfer may leave out what a continuation needs, such as where matplotlib's
// axes stand in their cycle of colours: raw state, as long as it can be saved, unless what is left
// out is a handle.
Ref reduce_more_than_state(Saver& saver, PyObject* object, Rule& rule) {
  if (!releases_something(object)) return reduce_special(saver, object, rule);
  Ref state = Ref::steal(PyObject_CallMethod(object, "__getstate__", nullptr));
  if (!state) PyErr_Clear();
  const bool handle = state && leaves_number_out(object, rule.layout, state.get());
  return handle ? reduce_by_default(saver, object, rule) : reduce_special(saver, object, rule);
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
  for (; i < PyTuple_GET_SIZE(type->tp_mro); ++i) {
    auto* base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(type->tp_mro, i));
    if (find(type_namespace(base).get(), name)) break;
  }
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
    if (!same_attribute(rule.type, base, name)) return false;
  if (same_attribute(rule.type, base, "__new__")) return false;
  return same_attribute(rule.type, base, "__getnewargs__") ||
         definer_of(rule.type, "__new__") < definer_of(rule.type, "__getnewargs__");
}

// To be pickled it would be asked for what is in it, which methods of its class say: that of
// platform.uname() starts a program.
bool is_tuple_with_own_contents(const Rule& rule) {
  if (rule.layout.native_base != &PyTuple_Type) return false;
  for (const char* name : {"__iter__", "__len__", "__getitem__"})
    if (!same_attribute(rule.type, &PyTuple_Type, name)) return true;
  return false;
}

// The __reduce__ of sets knows nothing of their order, and adds the elements anew: asks them for
// their hashes, and whether they are equal.
bool is_set_by_inheritance(const Rule& rule) {
  PyTypeObject* base = rule.layout.native_base;
  if (base != &PySet_Type && base != &PyFrozenSet_Type) return false;
  for (const char* name : {"__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__"})
    if (!same_attribute(rule.type, base, name)) return false;
  return !has_own_getstate(rule.type);
}

Reduce rule_for_python_class(Saver& saver, Rule& rule) {
  rule.layout = layout_of(rule.type);
  if (is_buffered_type(rule.layout.native_base)) return reduce_buffered;
  if (is_text_type(rule.layout.native_base)) return reduce_text_file;
  if (is_child_process(rule.type)) return reduce_child_process;
  if (Reduce interpreter = interpreter_rule(rule.type)) return interpreter;
  if (is_decompress_reader(rule.type)) return reduce_decompress_reader;
  if (is_compressed_file(rule.type)) return reduce_compressed_file;
  if (is_hdf5_object_type(rule.type) && rule.layout.native_base == &PyBaseObject_Type)
    return reduce_hdf5_object;
  const bool by_value = saver.by_value().type(rule.type) || is_typing_alias(rule.type);
  if (Reduce raw_state = in_place_of_own_reduce(rule, by_value)) return raw_state;
  const bool is_value = is_value_with_own_new(rule) || is_tuple_with_own_contents(rule);
  if (is_value && !has_own_getstate(rule.type)) return reduce_native;
  if (is_set_by_inheritance(rule)) return reduce_native;
  const bool own_getstate = uses_own_getstate(rule.type);
  if (!by_value && (own_getstate || has_own_reduce(rule.type))) return reduce_by_default;
  if (!by_value && has_own_getstate(rule.type))
    return rule.layout.native_base == &PyBaseObject_Type ? reduce_more_than_state
                                                         : reduce_by_default;
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
  if (is_struct_sequence(type)) return reduce_struct_sequence;
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

// Python classes have nothing to say of how it is pickled.
bool is_pickled_in_c(const Rule& rule) {
  for (const char* name : {"__reduce__", "__reduce_ex__", "__getstate__"})
    if (!same_attribute(rule.type, rule.layout.native_base, name)) return false;
  return true;
}

// With an exception pending, which says that it cannot be pickled.
bool is_refused_but_made_of_references(PyObject* object, Rule& rule) {
  PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
  PyErr_Fetch(&type, &value, &trace);  // looking up attributes would lose it
  rule.layout = layout_of(rule.type);
  const bool claim =
      is_pickled_in_c(rule) && is_made_of_references(object, rule.layout.native_base);
  PyErr_Restore(type, value, trace);
  return claim;
}

}  // namespace

void choose_rule(Saver& saver, Rule& rule) {
  // Some static types of 3.11 are never readied; asking them anything would crash.
  if (!PyType_HasFeature(rule.type, Py_TPFLAGS_READY)) ok(PyType_Ready(rule.type));
  rule.reduce = rule_for(saver, rule);
}

Ref reduce_foreign(Saver&, PyObject* object, Rule& rule) {
  Ref description = rule.foreign->reduce(object);
  if (!description) throw Raised{};
  const Ref kind = text(rule.foreign->name);
  return reduced(make_foreign, pack(kind, rule.type, description));
}

Ref reduce_by_default(Saver& saver, PyObject* object, Rule& rule) {
  if (has_keys_to_come(object, rule)) return reduce_native(saver, object, rule);
  const Ref table = attr(import("copyreg"), "dispatch_table");
  PyObject* registered = PyDict_GetItemWithError(table.get(), raw(rule.type));
  Ref value;
  try {
    value = registered ? call(registered, object) : reduce_protocol_5(object);
  } catch (const Raised&) {
    if (is_refused_but_made_of_references(object, rule)) {
      PyErr_Clear();
      return reduce_references(saver, object, rule);
    }
    if (!frames::is_python_class(rule.type) || !is_accident()) {
      explain_refusal(rule.type);
      throw;
    }
    PyErr_Clear();
    return reduce_raw_state(saver, object, rule);
  }
  if (makes_another_type(value.get(), rule)) return reduce_special(saver, object, rule);
  if (frames::is_python_class(rule.type) && takes_raw_state(saver, object, value.get(), rule))
    return reduce_raw_state(saver, object, rule);
  if (!frames::is_python_class(rule.type)) check_owns_its_value(object);
  if (frames::is_python_class(rule.type) && type_attribute(rule.type, "__getattr__") &&
      !type_attribute(rule.type, "__setstate__"))
    value = filled_unasked(value);
  if (PyTuple_Check(value.get())) return saver.with_whole_arguments(value);
  // "Saved by name": the script's modules are rebuilt, not imported, so no name can be found there;
  // in a library's module none that a new import will not make.
  const Ref module = attr_or_null(object, "__module__");
  const bool of_script = module && saver.by_value().module_named(module.get());
  const bool by_name = PyUnicode_Check(value.get()) != 0;
  if (by_name && !of_script && (!module || is_imported_as(object, module.get(), value.get())))
    return value;
  if (Ref member = of_script ? Ref() : reduced_member(object, rule.type)) return member;
  if (!by_name) return value;  // the pickler says what it is
  if (!frames::is_python_class(rule.type)) {
    if (!of_script) return value;
    refuse("it can only be saved by name, in a module that is saved by value");
  }
  return reduce_raw_state(saver, object, rule);
}

bool is_imported_as(PyObject* object, PyObject* module_name, PyObject* name) {
  PyObject* module = PyDict_GetItemWithError(PyImport_GetModuleDict(), module_name);
  if (!module || !PyUnicode_Check(name)) return true;  // the pickler will find out
  return find_qualified(module, name).is(object) && !made_after_import(module, name, object);
}

}  // namespace chkpt::heap
