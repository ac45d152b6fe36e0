// SPDX-License-Identifier: BSD-3-Clause
// Classes by value. The class is first made empty by type.__new__ with its slots, then its
// attributes are put in: no metaclass code, __init_subclass__, __set_name__ or decorator runs
// again. Library classes go by reference.
#include <Python.h>

#include <algorithm>
#include <cstring>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/language/classes.hpp"
#include "python/heap/language/contexts.hpp"
#include "python/heap/language/method_order.hpp"
#include "python/heap/library_aliases.hpp"
#include "python/heap/reducers.hpp"
#include "python/heap/modules/module_entries.hpp"
#include "python/heap/modules/unseen_imports.hpp"

namespace chkpt::heap {
namespace {

constexpr const char* kAbstractMethods = "__abstractmethods__";

PyTypeObject* as_type(PyObject* object) { return reinterpret_cast<PyTypeObject*>(object); }

bool is_of_ctypes(PyTypeObject* type) {
  return std::strncmp(native_metaclass(Py_TYPE(type))->tp_name, "_ctypes.", 8) == 0;
}

// Made by type.__new__ itself, or about other objects than the class.
bool is_made_anew(const char* name, PyTypeObject* type) {
  if (std::strcmp(name, "_abc_impl") == 0) return true;
  if (std::strcmp(name, kAbstractMethods) == 0) return find(type->tp_dict, "_abc_impl") != nullptr;
  // @dataclass(slots=True) leaves the descriptor of the class it replaces in the one it makes.
  for (const char* own_descriptor : {"__dict__", "__weakref__"})
    if (std::strcmp(name, own_descriptor) == 0) {
      PyObject* value = find(type->tp_dict, name);
      return value && Py_TYPE(value) == &PyGetSetDescr_Type && PyDescr_TYPE(value) == type;
    }
  for (const Slot& slot : own_slots(type))
    if (std::strcmp(name, slot.name) == 0) {
      PyObject* value = find(type->tp_dict, name);
      return value && Py_TYPE(value) == &PyMemberDescr_Type;
    }
  return false;
}

// The __slots__ that give this layout, or null if the class was made without.
Ref slots_to_declare(PyTypeObject* type) {
  PyTypeObject* base = type->tp_base;
  const bool adds_dict = has_dict(type) && !has_dict(base);
  const bool adds_weakrefs = has_weakrefs(type) && !has_weakrefs(base);
  const std::vector<Slot> slots = own_slots(type);
  const bool may_add = type->tp_itemsize == 0;
  const bool as_without = slots.empty() && has_dict(type) && (has_weakrefs(type) || !may_add);
  if (as_without) return {};
  const Ref names = new_list();
  for (const Slot& slot : slots) append(names, text(slot.name));
  if (adds_dict) append(names, text("__dict__"));
  if (adds_weakrefs) append(names, text("__weakref__"));
  return own(PyList_AsTuple(names.get()));
}

// type.__new__ would call __init_subclass__ of the bases; those of Python classes do nothing while
// it runs, and keep their place among the attributes. The types' method caches are kept right by
// going through type.__setattr__.
class HiddenInitSubclass {
 public:
  explicit HiddenInitSubclass(PyObject* bases) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(bases); ++i) {
      PyObject* mro = as_type(PyTuple_GET_ITEM(bases, i))->tp_mro;
      for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(mro); ++k) hide(PyTuple_GET_ITEM(mro, k));
    }
    // From 3.12 on typing.Generic is a C type, which calls this function of typing.
    generic_ = loaded_attr("typing", "_generic_init_subclass");
    if (generic_) set_attr(import("typing").get(), "_generic_init_subclass", nothing().get());
  }
  ~HiddenInitSubclass() {
    PendingException pending;
    const Ref name = Ref::steal(PyUnicode_FromString("__init_subclass__"));
    for (const auto& [type, function] : hidden_)
      if (PyType_Type.tp_setattro(type.get(), name.get(), function.get()) < 0) PyErr_Clear();
    if (generic_ && PyObject_SetAttrString(loaded_module("typing"), "_generic_init_subclass",
                                           generic_.get()) < 0)
      PyErr_Clear();
  }
  HiddenInitSubclass(const HiddenInitSubclass&) = delete;
  HiddenInitSubclass& operator=(const HiddenInitSubclass&) = delete;

 private:
  void hide(PyObject* type) {
    if (!frames::is_python_class(as_type(type))) return;
    PyObject* function = find(as_type(type)->tp_dict, "__init_subclass__");
    if (!function || is_hidden(type)) return;
    hidden_.emplace_back(Ref::borrow(type), Ref::borrow(function));
    ok(PyType_Type.tp_setattro(type, text("__init_subclass__").get(), nothing().get()));
  }
  // Two bases may have a base in common: what is found there by now is not its function.
  bool is_hidden(PyObject* type) const {
    return std::any_of(hidden_.begin(), hidden_.end(),
                       [type](const auto& one) { return one.first.get() == type; });
  }
  static PyObject* do_nothing(PyObject*, PyObject*, PyObject*) { Py_RETURN_NONE; }
  static Ref nothing() {
    static PyMethodDef definition = {
        "nothing", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(do_nothing)),
        METH_VARARGS | METH_KEYWORDS, nullptr};
    return own(PyCFunction_New(&definition, nullptr));
  }

  std::vector<std::pair<Ref, Ref>> hidden_;
  Ref generic_;
};

// (metaclass, name, bases, first attributes, classes to be made before, mro if it is its own)
Ref rebuild_class(Args args) {
  PyTypeObject* native = native_metaclass(as_type(args[0]));
  const HiddenInitSubclass hidden(args[2]);
  const AnsweredMro answered(args[0], args.count > 5 ? args[5] : Py_None);
  const Ref how = pack(args[1], args[2], own(PyDict_Copy(args[3])));
  const Ref made = own(native->tp_new(as_type(args[0]), how.get(), nullptr));
  if (!PyType_Check(made.get())) broken("a saved class was not made a class");
  // Those of ctypes lay out their instances there, from 3.13 on.
  if (native->tp_init != PyType_Type.tp_init) ok(native->tp_init(made.get(), how.get(), nullptr));
  return made;
}
const Rebuilder make_class{"class", guarded<rebuild_class>};

// The namespace in its saved order: what the interpreter made itself stands where it stood.
void reorder(PyObject* type, PyObject* names) {
  PyObject* dict = as_type(type)->tp_dict;
  const Ref old = own(PyDict_Copy(dict));
  PyDict_Clear(dict);
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); ++i) {
    PyObject* name = PyTuple_GET_ITEM(names, i);
    PyObject* value = PyDict_GetItemWithError(old.get(), name);
    if (value) ok(PyDict_SetItem(dict, name, value));
  }
  PyObject *name = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(old.get(), &position, &name, &value))
    if (!PyDict_Contains(dict, name) && std::strcmp(PyUnicode_AsUTF8(name), "__doc__") != 0)
      ok(PyDict_SetItem(dict, name, value));
  PyType_Modified(as_type(type));
}

void make_abstract(PyObject* type, PyObject* names, PyObject* registered) {
  if (names == Py_None) return;
  const Ref abc = import("_abc");
  call_method(abc, "_abc_init", type);
  set_attr(type, kAbstractMethods, names);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(registered); ++i)
    call_method(abc, "_abc_register", type, PyList_GET_ITEM(registered, i));
}

// (class, (attribute pairs, namespace order, abstract names|None, registered classes)), or that
// after the fields of a structure, which are set by now
Ref fill_class(Args args) {
  PyObject *type = args[0], *state = args[1];
  if (PyTuple_GET_SIZE(state) == 2) state = item(state, 1);  // after the fields, which are set
  make_abstract(type, item(state, 2), item(state, 3));
  PyObject* pairs = item(state, 0);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(pairs); ++i) {
    PyObject* pair = PyList_GET_ITEM(pairs, i);
    set_class_attribute(type, item(pair, 0), item(pair, 1));
  }
  reorder(type, item(state, 1));
  return none();
}
const Rebuilder set_class{"class.state", guarded<fill_class>};

Ref abstract_names(PyTypeObject* type) {
  if (!find(type->tp_dict, "_abc_impl")) return none();
  const Ref names = attr_or_null(raw(type), kAbstractMethods);
  return names ? names : own(PyFrozenSet_New(nullptr));
}

Ref registered_classes(PyTypeObject* type) {
  const Ref alive = new_list();
  if (!find(type->tp_dict, "_abc_impl")) return alive;
  const Ref dump = call_method(import("_abc"), "_get_dump", raw(type));
  const Ref members = own(PySequence_List(item(dump, 0)));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(members.get()); ++i) {
    const Ref member = call(PyList_GET_ITEM(members.get(), i));
    if (!member.is(Py_None)) append(alive, member);
  }
  return alive;
}

// The script's class before this one in base.__subclasses__(), for each base: as an argument it is
// made before, so that the order there stays. object has too many to be asked.
Ref elder_siblings(Saver& saver, PyTypeObject* type) {
  const Ref elders = new_list();
  const Ref subclasses = attr(raw(&PyType_Type), "__subclasses__");
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(type->tp_bases); ++i) {
    PyObject* base = PyTuple_GET_ITEM(type->tp_bases, i);
    if (base == raw(&PyBaseObject_Type)) continue;
    const Ref all = call(subclasses, base);
    PyObject* elder = nullptr;
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(all.get()); ++k) {
      PyObject* sibling = PyList_GET_ITEM(all.get(), k);
      if (sibling == raw(type)) break;
      if (saver.by_value().type(as_type(sibling)) && !UnseenImports::has_class(as_type(sibling)))
        elder = sibling;
    }
    if (elder) append(elders, Ref::borrow(elder));
  }
  return elders;
}

}  // namespace

Ref first_class_attributes(PyTypeObject* type) {
  const Ref first = new_dict();
  if (const Ref slots = slots_to_declare(type)) put(first, "__slots__", slots);
  if (PyObject* module = find(type->tp_dict, "__module__"); module && PyUnicode_Check(module))
    put(first, "__module__", Ref::borrow(module));
  put(first, "__qualname__", own(PyType_GetQualName(type)));
  // Aliases like Stack[int] are made anew by subscription, perhaps before the class is filled.
  if (PyObject* parameters = find(type->tp_dict, "__parameters__"))
    if (PyTuple_CheckExact(parameters)) put(first, "__parameters__", Ref::borrow(parameters));
  return first;
}

namespace {

Ref class_pairs(PyTypeObject* type, const Ref& order) {
  const bool of_ctypes = is_of_ctypes(type);

  Ref pairs = new_list();
  PyObject *name = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(type->tp_dict, &position, &name, &value)) {
    if (!PyUnicode_Check(name)) refuse("a class with an attribute name that is not a str");
    append(order, Ref::borrow(name));
    const char* const text = PyUnicode_AsUTF8(name);
    const bool anew = is_made_anew(text, type) || (of_ctypes && is_made_by_ctypes(text, value));
    if (!anew) append(pairs, pack(name, value));
  }
  return pairs;
}

// Types of C code whose name leads nowhere, and of objects that every interpreter has.
struct HiddenType {
  const char* name;
  PyTypeObject* type;
};
Ref type_of(const Ref& object) { return Ref::borrow(Py_TYPE(object.get())); }

const std::unordered_map<std::string, PyTypeObject*>& static_types() {
  static const std::unordered_map<std::string, PyTypeObject*> types = {
      {"NoneType", Py_TYPE(Py_None)},
      {"NotImplementedType", Py_TYPE(Py_NotImplemented)},
      {"ellipsis", Py_TYPE(Py_Ellipsis)},
      {"function", &PyFunction_Type},
      {"code", &PyCode_Type},
      {"module", &PyModule_Type},
      {"generator", &PyGen_Type},
      {"coroutine", &PyCoro_Type},
      {"async_generator", &PyAsyncGen_Type},
      {"cell", &PyCell_Type},
      {"method", &PyMethod_Type},
      {"builtin_function_or_method", &PyCFunction_Type},
      {"frame", &PyFrame_Type},
      {"traceback", &PyTraceBack_Type},
      {"mappingproxy", &PyDictProxy_Type},
      {"wrapper_descriptor", &PyWrapperDescr_Type},
      {"method-wrapper", Py_TYPE(attr(Py_None, "__repr__").get())},
      {"method_descriptor", &PyMethodDescr_Type},
      {"classmethod_descriptor", &PyClassMethodDescr_Type},
      {"getset_descriptor", &PyGetSetDescr_Type},
      {"member_descriptor", &PyMemberDescr_Type},
      {"dict_keys", &PyDictKeys_Type},
      {"dict_values", &PyDictValues_Type},
      {"dict_items", &PyDictItems_Type},
      {"dict_keyiterator", &PyDictIterKey_Type},
      {"dict_valueiterator", &PyDictIterValue_Type},
      {"dict_itemiterator", &PyDictIterItem_Type},
      {"dict_reversekeyiterator", &PyDictRevIterKey_Type},
      {"dict_reversevalueiterator", &PyDictRevIterValue_Type},
      {"dict_reverseitemiterator", &PyDictRevIterItem_Type},
      {"list_iterator", &PyListIter_Type},
      {"list_reverseiterator", &PyListRevIter_Type},
      {"tuple_iterator", &PyTupleIter_Type},
      {"set_iterator", &PySetIter_Type},
      {"str_iterator", &PyUnicodeIter_Type},
      {"bytes_iterator", &PyBytesIter_Type},
      {"bytearray_iterator", &PyByteArrayIter_Type},
      {"range_iterator", &PyRangeIter_Type},
      {"longrange_iterator", &PyLongRangeIter_Type},
      {"iterator", &PySeqIter_Type},
      {"callable_iterator", &PyCallIter_Type},
      {"GenericAlias", &Py_GenericAliasType},
      {"SimpleNamespace", Py_TYPE(PySys_GetObject("implementation"))},
      {"PickleBuffer", &PyPickleBuffer_Type},
      {"odict_keys", &PyODictKeys_Type},
      {"odict_values", &PyODictValues_Type},
      {"odict_items", &PyODictItems_Type},
      {"odict_iterator", &PyODictIter_Type},
      {"null", Py_TYPE(frames::null_marker())},
  };
  return types;
}

// The type of what sys.unraisablehook is given: only a hook gets to see one.
Ref unraisable_args_type() {
  const Ref seen = new_list(), see = attr(seen, "append");
  const Ref hook = Ref::borrow(PySys_GetObject("unraisablehook"));
  ok(PySys_SetObject("unraisablehook", see.get()));
  PyErr_SetNone(PyExc_RuntimeError);
  PyErr_WriteUnraisable(nullptr);
  ok(PySys_SetObject("unraisablehook", hook.get()));
  return PyList_GET_SIZE(seen.get()) ? type_of(Ref::borrow(PyList_GET_ITEM(seen.get(), 0))) : Ref();
}

Ref hidden_type(const std::string& name) {
  const auto found = static_types().find(name);
  if (found != static_types().end()) return Ref::borrow(found->second);
  if (name == "asyncgen_hooks")
    return type_of(own(PyObject_CallMethod(import("sys").get(), "get_asyncgen_hooks", nullptr)));
  if (name == "UnraisableHookArgs") return unraisable_args_type();
  if (name == "ContextManager" && loaded_module("decimal"))
    return type_of(called_apart(attr(import("decimal"), "localcontext")));
  if (name == "memory_iterator") {
    const Ref view = own(PyMemoryView_FromObject(own(PyBytes_FromString("")).get()));
    return type_of(own(PyObject_GetIter(view.get())));
  }
  if (PyObject* value = PySys_GetObject(name.c_str())) return Ref::borrow(Py_TYPE(value));
  return {};
}

Ref rebuild_hidden_type(Args args) {
  Ref type = hidden_type(utf8(args[0]));
  if (!type) broken("this interpreter has no type " + utf8(args[0]));
  return type;
}
const Rebuilder make_hidden_type{"hidden_type", guarded<rebuild_hidden_type>};

// _csv.Writer calls itself _csv.writer.
Ref name_in(PyObject* module, PyObject* type) {
  PyObject *name = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  if (!PyModule_Check(module)) return {};
  while (PyDict_Next(PyModule_GetDict(module), &position, &name, &value))
    if (value == type && PyUnicode_Check(name)) return Ref::borrow(name);
  return {};
}
Ref rebuild_renamed_type(Args args) { return own(PyObject_GetAttr(args[0], args[1])); }
const Rebuilder make_renamed_type{"renamed_type", guarded<rebuild_renamed_type>};

// numpy._DTypeMeta has no name there: it is the type of numpy.dtype.
Ref instance_in(PyObject* module, PyTypeObject* metaclass) {
  PyObject *name = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  if (!PyModule_Check(module) || !PyType_IsSubtype(metaclass, &PyType_Type)) return {};
  while (PyDict_Next(PyModule_GetDict(module), &position, &name, &value))
    if (Py_IS_TYPE(value, metaclass) && PyUnicode_Check(name)) return Ref::borrow(name);
  return {};
}
Ref rebuild_metaclass(Args args) { return type_of(own(PyObject_GetAttr(args[0], args[1]))); }
const Rebuilder make_metaclass{"metaclass", guarded<rebuild_metaclass>};

// By whatever name a module of a library has it; null: none has.
Ref any_name(Saver& saver, PyObject* type) {
  const Ref modules = own(PyDict_Items(PyImport_GetModuleDict()));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(modules.get()); ++i) {
    PyObject* name = item(PyList_GET_ITEM(modules.get(), i), 0);
    PyObject* module = item(PyList_GET_ITEM(modules.get(), i), 1);
    if (!PyModule_Check(module) || !PyUnicode_Check(name) || UnseenImports::hides(name)) continue;
    if (saver.by_value().module(name, module)) continue;
    if (const Ref there = name_in(module, type))
      return reduced(make_renamed_type, pack(module, there));
  }
  return {};
}

// A resume imports the module once.
void check_is_of_imported_module(PyTypeObject* type) {
  if (const Ref name = imported_again(type))
    refuse(std::string("the type ") + type->tp_name + " of another import of the module " +
           utf8(name.get()) + " than that in sys.modules");
}

Ref reduce_library_class(Saver& saver, PyTypeObject* type) {
  check_is_of_imported_module(type);
  const std::string full = type->tp_name;
  const std::string name = full.substr(full.rfind('.') + 1);
  if (hidden_type(name).is(raw(type))) return reduced(make_hidden_type, pack(text(name)));
  const Ref module = attr_or_null(raw(type), "__module__");
  PyObject* found = module && PyUnicode_Check(module.get())
                        ? PyDict_GetItemWithError(PyImport_GetModuleDict(), module.get())
                        : nullptr;
  // The run has said so of a library's class.
  if (found && frames::is_python_class(type) && saver.by_value().module(module.get(), found))
    found = nullptr;
  if (found && find_qualified(found, attr(raw(type), "__qualname__").get()).is(raw(type)) &&
      !saver.by_value().module(module.get(), found))
    return not_implemented();
  if (found)
    if (const Ref alias = name_in(found, raw(type)))
      return reduced(make_renamed_type, pack(found, alias));
  if (found)
    if (const Ref named = instance_in(found, type))
      return reduced(make_metaclass, pack(found, named));
  // collections._deque_reverse_iterator of 3.12 is to be found in _collections alone.
  if (PyObject* in_c = module ? loaded_module(("_" + utf8(module.get())).c_str()) : nullptr)
    if (const Ref there = name_in(in_c, raw(type)))
      return reduced(make_renamed_type, pack(in_c, there));
  if (const Ref of_dtype = reduce_dtype_class(type)) return of_dtype;
  // gmpy2.mpz says that it is a built-in type, zope.interface's types that their modules are in no
  // package.
  if (const Ref somewhere = any_name(saver, raw(type))) return somewhere;
  if (const Ref by_base = reduce_nameless_type(type)) return by_base;
  // A module that nobody has imported yet; the pickler will, or say that it cannot.
  if (!found && module && PyUnicode_Check(module.get())) return not_implemented();
  refuse("the type " + full + " cannot be found by name");
}

}  // namespace

Ref reduce_class(Saver& saver, PyObject* object, Rule&) {
  PyTypeObject* type = as_type(object);
  if (!saver.by_value().type(type)) return reduce_library_class(saver, type);
  if (const Ref alias = library_alias(saver.by_value(), object))
    return reduced(make_renamed_type, alias);
  if (is_of_ctypes(type)) return reduce_ctypes_class(saver, type);
  if (native_metaclass(Py_TYPE(type)) != &PyType_Type)
    refuse(std::string("classes whose metaclass derives from ") +
           native_metaclass(Py_TYPE(type))->tp_name + " cannot be saved");
  return reduced_class(saver, type, first_class_attributes(type), none());
}

Ref reduced_class(Saver& saver, PyTypeObject* type, const Ref& first_attributes,
                  const Ref& fields) {
  const Ref args = pack(Py_TYPE(type), own(PyType_GetName(type)), type->tp_bases, first_attributes,
                        elder_siblings(saver, type), own_mro(type));
  const Ref order = new_list(), pairs = class_pairs(type, order);
  const Ref names = own(PyList_AsTuple(order.get()));
  const Ref rest = pack(pairs, names, abstract_names(type), registered_classes(type));
  return reduced(make_class, args, fields.is(Py_None) ? rest : pack(fields, rest), set_class);
}

PyTypeObject* native_metaclass(PyTypeObject* metaclass) {
  while (frames::is_python_class(metaclass)) metaclass = metaclass->tp_base;
  return metaclass;
}

void set_class_attribute(PyObject* type, PyObject* name, PyObject* value) {
  PyObject* descriptor = _PyType_Lookup(Py_TYPE(type), name);
  const bool caught = descriptor && Py_TYPE(descriptor)->tp_descr_set;
  // By its setter the class comes to be one that has no instances.
  const bool is_abstract = PyUnicode_CompareWithASCIIString(name, kAbstractMethods) == 0;
  if (caught && !is_abstract)
    ok(PyDict_SetItem(as_type(type)->tp_dict, name, value));
  else
    ok(PyType_Type.tp_setattro(type, name, value));
  // A property keeps the name it was assigned to for its error messages only.
  if (!PyType_IsSubtype(Py_TYPE(value), &PyProperty_Type)) return;
  if (const Ref set_name = attr_or_null(raw(&PyProperty_Type), "__set_name__"))
    call(set_name, value, type, name);
}

}  // namespace chkpt::heap
