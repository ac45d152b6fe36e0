// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/raw_state.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <unordered_set>
#include <vector>

#include "base/text.hpp"
#include "python/frames/objects.hpp"
#include "python/heap/by_value.hpp"
#include "python/heap/call.hpp"
#include "python/heap/hashing.hpp"
#include "python/heap/left_out.hpp"
#include "python/heap/language/reference_objects.hpp"
#include "python/heap/modules/library_contents.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

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
  return PyTuple_GET_SIZE(value) > 2 && type_attribute(rule.type, "__setstate__") &&
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
  const bool by_class = maker == raw(rule.type) ||
                        is_made_by_new(maker, arguments, "__newobj__", rule) ||
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

// `value`, and what is in it.
void add_parts(PyObject* value, std::vector<PyObject*>& parts, int depth = 0) {
  constexpr int kDeepest = 4;
  parts.push_back(value);
  if (depth == kDeepest) return;
  if (PyTuple_CheckExact(value) || PyList_CheckExact(value))
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(value); ++i)
      add_parts(PySequence_Fast_GET_ITEM(value, i), parts, depth + 1);
  PyObject *name = nullptr, *item = nullptr;
  for (Py_ssize_t at = 0; PyDict_CheckExact(value) && PyDict_Next(value, &at, &name, &item);)
    add_parts(item, parts, depth + 1);
}

bool is_equal_atom(PyObject* one, PyObject* other) {
  return Py_TYPE(one) == Py_TYPE(other) && is_atom(one) && is_atom(other) &&
         ok(PyObject_RichCompareBool(one, other, Py_EQ)) == 1;
}

// Attributes that are not among what it is to be made of, `told`; its class is saved raw from now
// on then. One number or text there tells of one attribute only.
bool any_other_attribute(PyObject* object, PyObject* told, Rule& rule, bool atoms) {
  std::vector<PyObject*> parts;
  add_parts(told, parts);
  const bool any = any_attribute(object, rule.layout, [&](PyObject* attribute) {
    if (!is_atom(attribute)) return std::count(parts.begin(), parts.end(), attribute) == 0;
    const auto same = std::find_if(parts.begin(), parts.end(),
                                   [&](PyObject* part) { return is_equal_atom(part, attribute); });
    if (same == parts.end()) return atoms;
    parts.erase(same);
    return false;
  });
  if (any && raw_in_place_of_reduce().insert(rule.type).second) Py_INCREF(rule.type);
  return any;
}

bool is_unhashable(PyObject* value) {
  return PyList_CheckExact(value) || PyDict_CheckExact(value) || PySet_CheckExact(value);
}

// Classes derived from these need a __new__ to give their instances anything more.
bool is_value(PyTypeObject* base) {
  return base == &PyUnicode_Type || base == &PyLong_Type || base == &PyFloat_Type ||
         base == &PyTuple_Type || base == &PyBytes_Type || base == &PyComplex_Type;
}

// Instances that are made anew by their class need not be new ones: it may look up what it has made
// of the same before, if that can be a key. Enumerations do, by their metaclass.
bool may_share_instances(const Rule& rule, PyObject* arguments) {
  PyTypeObject* base = rule.layout.native_base;
  const bool looks_up = (rule.type->tp_new != base->tp_new && !is_value(base)) ||
                        Py_TYPE(rule.type)->tp_call != PyType_Type.tp_call;
  return looks_up && !holds_any(arguments, is_unhashable);
}

bool is_method_of(PyTypeObject* type, PyObject* maker) {
  if (PyMethod_Check(maker) && PyType_Check(PyMethod_GET_SELF(maker)))
    return PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(PyMethod_GET_SELF(maker))) != 0;
  if (!PyFunction_Check(maker)) return false;
  PyObject* name = reinterpret_cast<PyFunctionObject*>(maker)->func_name;
  PyObject* known = _PyType_Lookup(type, name);  // borrowed
  return known && Py_TYPE(known) == &PyStaticMethod_Type && attr(known, "__func__").is(maker);
}

// A class or static method of its own, told something that is no key of a table of instances: that
// of bidict makes mappings of dicts.
bool is_made_by_own_method(PyObject* maker, PyObject* arguments, const Rule& rule) {
  return is_method_of(rule.type, maker) && holds_any(arguments, is_unhashable);
}

// By its class, or by object.__new__ or that of the class it has its contents from.
bool is_made_anew(PyObject* value, const Rule& rule) {
  PyObject *maker = PyTuple_GET_ITEM(value, 0), *arguments = PyTuple_GET_ITEM(value, 1);
  if (!PyTuple_Check(arguments) || may_share_instances(rule, arguments)) return false;
  if (maker == raw(rule.type) || is_made_by_own_method(maker, arguments, rule)) return true;
  return attr(import("copyreg"), "__newobj__").is(maker) && PyTuple_GET_SIZE(arguments) > 0 &&
         PyTuple_GET_ITEM(arguments, 0) == raw(rule.type);
}

// Instances of these are saved by what is in them and their attributes.
bool has_known_contents(PyTypeObject* base) {
  return is_value(base) || base == &PyBaseObject_Type || base == &PyDict_Type ||
         base == &PyList_Type || base == &PySet_Type || base == &PyFrozenSet_Type ||
         base == &PyODict_Type || std::strcmp(base->tp_name, "collections.defaultdict") == 0 ||
         std::strcmp(base->tp_name, "collections.deque") == 0;
}

// What its own way of pickling leaves to others to put back, or forgets: the links of cachetools'
// TTLCache are joined again by the cache, whose state is raw; its timers are not told how often
// they have been entered; lark's tokens not where they end; a frame inside a method of a sorted
// list knows its parts. A number that is left out may be a handle, if there is something to
// release.
bool leaves_attributes_out(PyObject* object, PyObject* value, Rule& rule) {
  if (!has_known_contents(rule.layout.native_base) || !is_made_anew(value, rule) ||
      taken_by_own_getstate().count(rule.type))
    return false;
  const bool given_state = PyTuple_GET_SIZE(value) > 2 && PyTuple_GET_ITEM(value, 2) != Py_None;
  const bool releases = releases_something(object);
  if (given_state && releases) return false;
  const Ref told = Ref::steal(PyTuple_GetSlice(value, 1, 3));
  if (!told) throw Raised{};
  return any_other_attribute(object, told.get(), rule, !releases);
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

// A function that is told no class looks for it among what its library has been told, which is put
// back after all objects: Django's fields, by the names of their models; yt's data, by the hash of
// their data set and what they were cut out with.
bool is_looked_up(PyObject* object, PyObject* value, Rule& rule) {
  PyObject* arguments = PyTuple_GET_ITEM(value, 1);
  if (taken_by_own_getstate().count(rule.type) || !is_class_of_followed(rule.type) ||
      !PyFunction_Check(PyTuple_GET_ITEM(value, 0)) ||
      holds_any(arguments, [](PyObject* one) { return PyType_Check(one) != 0; }))
    return false;
  for (Py_ssize_t i = 2; i < PyTuple_GET_SIZE(value); ++i)
    if (PyTuple_GET_ITEM(value, i) != Py_None) return false;
  return any_other_attribute(object, arguments, rule, false);
}

// What the class has inherited of Python's own containers calls it with what their constructors
// take, which its own may not: yt's field detectors, which are defaultdicts. A library's C type may
// mean the constructors of its classes (pyproj's Geod).
bool is_called_for_its_base(PyObject* maker, const Rule& rule) {
  PyTypeObject* base = rule.layout.native_base;
  const bool container = base == &PyODict_Type ||
                         std::strcmp(base->tp_name, "collections.defaultdict") == 0 ||
                         std::strcmp(base->tp_name, "collections.deque") == 0;
  return container && maker == raw(rule.type) && same_attribute(rule.type, base, "__reduce__") &&
         same_attribute(rule.type, base, "__reduce_ex__") &&
         !(same_attribute(rule.type, base, "__init__") &&
           same_attribute(rule.type, base, "__new__"));
}

// Made empty, and given a state by methods of its class: one for a transfer, as that of a
// __getstate__. lmfit's parameters leave out what their evaluator of expressions has come to.
bool is_made_for_transfer(PyObject* object, PyObject* value, Rule& rule) {
  if (PyTuple_GET_ITEM(value, 0) != raw(rule.type) || PyTuple_GET_SIZE(value) < 3 ||
      PyTuple_GET_ITEM(value, 2) == Py_None || taken_by_own_getstate().count(rule.type))
    return false;
  PyObject* arguments = PyTuple_GET_ITEM(value, 1);
  if (!PyTuple_Check(arguments) || PyTuple_GET_SIZE(arguments) != 0 ||
      !is_python_method(rule.type, "__setstate__") ||
      !(is_python_method(rule.type, "__reduce__") || is_python_method(rule.type, "__reduce_ex__")))
    return false;
  if (releases_something(object) &&
      leaves_number_out(object, rule.layout, PyTuple_GET_ITEM(value, 2)))
    return false;
  if (raw_in_place_of_reduce().insert(rule.type).second) Py_INCREF(rule.type);
  return true;
}

// The ways to be made that a resume cannot go.
bool cannot_be_made_so(Saver& saver, PyObject* object, PyObject* value, Rule& rule) {
  if (rule.reduce != reduce_by_default) return false;  // another rule's own affair
  if (!PyTuple_Check(value) || PyTuple_GET_SIZE(value) < 2) return false;
  rule.layout = layout_of(rule.type);
  PyTypeObject* base = rule.layout.native_base;
  PyObject *maker = PyTuple_GET_ITEM(value, 0), *arguments = PyTuple_GET_ITEM(value, 1);
  if (is_called_for_its_base(maker, rule)) return true;
  // zope.interface's declarations are made of classes and interfaces that are not complete then.
  if (is_made_of_references(object, base) || leaves_attributes_out(object, value, rule))
    return true;
  if (base != &PyBaseObject_Type && base != &PyDict_Type && base != &PyList_Type) return false;
  return is_made_of_script_class(saver, maker, arguments) ||
         is_made_for_transfer(object, value, rule) ||
         is_made_of_instances(maker, arguments, rule) ||
         is_made_of_its_holder(object, arguments, rule) ||
         (base == &PyBaseObject_Type && is_looked_up(object, value, rule));
}

}  // namespace

PyObject* type_attribute(PyTypeObject* type, const char* name) {
  const Ref key = text(name);
  return _PyType_Lookup(type, key.get());  // borrowed
}

bool same_attribute(PyTypeObject* type, PyTypeObject* base, const char* name) {
  return type_attribute(type, name) == type_attribute(base, name);
}

bool is_python_method(PyTypeObject* type, const char* name) {
  PyObject* found = type_attribute(type, name);
  return found && PyFunction_Check(found);
}

bool has_own_getstate(PyTypeObject* type) {
  return !same_attribute(type, &PyBaseObject_Type, "__getstate__");
}

Ref types_with_own_pickling() {
  Ref types = new_list();
  for (PyTypeObject* type : taken_by_own_getstate()) append(types, Ref::borrow(raw(type)));
  return types;
}

void let_types_pickle(PyObject* types) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(types); ++i) {
    auto* type = reinterpret_cast<PyTypeObject*>(PyList_GET_ITEM(types, i));
    if (PyType_Check(raw(type)) && taken_by_own_getstate().insert(type).second) Py_INCREF(type);
  }
}

bool uses_own_getstate(PyTypeObject* type) { return taken_by_own_getstate().count(type) != 0; }

// For a transfer a class may be content with something like its object: dask's layers give a table
// of what they would compute. A continuation needs the object itself.
bool makes_another_type(PyObject* value, Rule& rule) {
  if (!PyTuple_Check(value) || PyTuple_GET_SIZE(value) < 2) return false;
  PyObject* made = PyTuple_GET_ITEM(value, 0);
  if (!PyType_Check(made) || made == raw(rule.type)) return false;
  rule.layout = layout_of(rule.type);
  return frames::is_python_class(rule.type) && rule.layout.native_base == &PyBaseObject_Type;
}

bool takes_raw_state(Saver& saver, PyObject* object, PyObject* value, Rule& rule) {
  return is_made_of_unfilled(saver, value, rule) || cannot_be_made_so(saver, object, value, rule);
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

bool has_keys_to_come(PyObject* object, Rule& rule) {
  if (!PyDict_Check(object) || uses_own_getstate(rule.type) || !dict_has_late_key(object))
    return false;
  rule.layout = layout_of(rule.type);
  PyTypeObject* base = rule.layout.native_base;
  return base == &PyDict_Type || base == &PyODict_Type ||
         std::strcmp(base->tp_name, "collections.defaultdict") == 0;
}

Ref reduce_raw_state(Saver& saver, PyObject* object, Rule& rule) {
  rule.layout = layout_of(rule.type);
  return rule.layout.native_base == &PyBaseObject_Type ? reduce_special(saver, object, rule)
                                                       : reduce_native(saver, object, rule);
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

}  // namespace chkpt::heap
