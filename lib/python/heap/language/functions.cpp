// SPDX-License-Identifier: BSD-3-Clause
// Functions, their code, cells and what wraps them. Functions of library modules go by reference
// where their name still leads to them.
#include <Python.h>

#include "python/frames/objects.hpp"
#include "python/frames/tasks.hpp"
#include "python/heap/call.hpp"
#include "python/heap/layout.hpp"
#include "python/heap/library_aliases.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// In the order of the arguments of types.CodeType.
constexpr const char* kCodeFields[] = {
    "co_argcount",  "co_posonlyargcount", "co_kwonlyargcount", "co_nlocals",
    "co_stacksize", "co_flags",           "co_code",           "co_consts",
    "co_names",     "co_varnames",        "co_filename",       "co_name",
    "co_qualname",  "co_firstlineno",     "co_linetable",      "co_exceptiontable",
    "co_freevars",  "co_cellvars"};

Ref rebuild_code(Args args) {
  return own(PyObject_Vectorcall(raw(&PyCode_Type), args.values, args.count, nullptr));
}
const Rebuilder make_code{"code", guarded<rebuild_code>};

Ref reduce_code(Saver&, PyObject* code, Rule&) {
  const auto count = static_cast<Py_ssize_t>(std::size(kCodeFields));
  const Ref fields = own(PyTuple_New(count));
  for (Py_ssize_t i = 0; i < count; ++i)
    PyTuple_SET_ITEM(fields.get(), i, attr(code, kCodeFields[i]).release());
  return reduced(make_code, fields);
}

Ref rebuild_function(Args args) {
  if (!PyCode_Check(args[0]) || !PyDict_Check(args[1])) broken("a saved function has no code");
  return own(frames::function_new(args[0], args[1]));
}
const Rebuilder make_function{"function", guarded<rebuild_function>};

constexpr const char* kFunctionFields[] = {"__name__",       "__qualname__", "__defaults__",
                                           "__kwdefaults__", "__module__",   "__doc__"};

// (function, (six fields, closure, dict, annotations, builtins, type parameters))
Ref fill_function(Args args) {
  PyObject *function = args[0], *state = args[1];
  ok(frames::function_set_closure(function, item(state, 1)));
  for (std::size_t i = 0; i < std::size(kFunctionFields); ++i)
    set_attr(function, kFunctionFields[i], item(item(state, 0), static_cast<Py_ssize_t>(i)));
  if (item(state, 2) != Py_None) set_attr(function, "__dict__", item(state, 2));
  if (item(state, 3) != Py_None) set_attr(function, "__annotations__", item(state, 3));
  if (item(state, 4) != Py_None) ok(frames::function_set_builtins(function, item(state, 4)));
  if (item(state, 5) != Py_None) set_attr(function, "__type_params__", item(state, 5));
  return none();
}
const Rebuilder set_function{"function.state", guarded<fill_function>};

Ref none_if_empty(const Ref& dict) {
  return !dict || dict.is(Py_None) || PyDict_GET_SIZE(dict.get()) == 0 ? none() : dict;
}

Ref own_builtins(PyObject* function) {
  PyObject* builtins = reinterpret_cast<PyFunctionObject*>(function)->func_builtins;
  return builtins == PyModule_GetDict(import("builtins").get()) ? none() : Ref::borrow(builtins);
}

// (module, name)
Ref rebuild_aliased_function(Args args) { return own(PyObject_GetAttr(args[0], args[1])); }
const Rebuilder make_aliased_function{"aliased_function", guarded<rebuild_aliased_function>};

// The function behind a class method of a library: its name leads to the bound method.
Ref rebuild_class_function(Args args) {
  return attr(own(PyObject_GetAttr(args[0], args[1])), "__func__");
}
const Rebuilder make_class_function{"class_function", guarded<rebuild_class_function>};

Ref behind_class_method(Saver& saver, PyObject* function) {
  const auto* object = reinterpret_cast<PyFunctionObject*>(function);
  PyObject* name = object->func_module;
  if (!name || !PyUnicode_Check(name)) return {};
  PyObject* module = PyDict_GetItemWithError(PyImport_GetModuleDict(), name);
  if (!module || saver.by_value().module(name, module)) return {};
  const Ref method = find_qualified(module, object->func_qualname);
  if (!method || !PyMethod_Check(method.get()) || PyMethod_GET_FUNCTION(method.get()) != function ||
      !PyType_Check(PyMethod_GET_SELF(method.get())))
    return {};
  auto* const owner = reinterpret_cast<PyTypeObject*>(PyMethod_GET_SELF(method.get()));
  if (saver.by_value().type(owner)) return {};  // made by the run, and filled by its functions
  return reduced(make_class_function, pack(PyMethod_GET_SELF(method.get()), object->func_name));
}

Ref reduce_function(Saver& saver, PyObject* function, Rule&) {
  if (saver.by_value().function_is_importable(function)) return not_implemented();
  if (const Ref alias = library_alias(saver.by_value(), function))
    return reduced(make_aliased_function, alias);
  if (Ref behind = behind_class_method(saver, function)) return behind;
  auto* object = reinterpret_cast<PyFunctionObject*>(function);
  const auto count = static_cast<Py_ssize_t>(std::size(kFunctionFields));
  const Ref fields = own(PyTuple_New(count));
  for (Py_ssize_t i = 0; i < count; ++i)
    PyTuple_SET_ITEM(fields.get(), i, attr(function, kFunctionFields[i]).release());
  const Ref closure = object->func_closure ? Ref::borrow(object->func_closure) : none();
  const Ref dict = none_if_empty(Ref::borrow(object->func_dict));
  const Ref annotations =
      object->func_annotations ? none_if_empty(attr(function, "__annotations__")) : none();
  Ref parameters = attr_or_null(function, "__type_params__");
  if (!parameters || PyTuple_GET_SIZE(parameters.get()) == 0) parameters = none();
  const Ref state = pack(fields, closure, dict, annotations, own_builtins(function), parameters);
  return reduced(make_function, pack(object->func_code, object->func_globals), state, set_function);
}

Ref rebuild_cell(Args) { return own(PyCell_New(nullptr)); }
const Rebuilder make_cell{"cell", guarded<rebuild_cell>};
Ref fill_cell(Args args) {
  ok(PyCell_Set(args[0], item(args[1], 0)));
  return none();
}
const Rebuilder set_cell{"cell.state", guarded<fill_cell>};

// The cell __classdict__ of 3.12 and later, through which annotation scopes see the namespace of
// the class around them.
Ref fill_class_cell(Args args) {
  PyObject* type = item(args[1], 0);
  if (!PyType_Check(type)) broken("a saved namespace has no class");
  ok(PyCell_Set(args[0], reinterpret_cast<PyTypeObject*>(type)->tp_dict));
  return none();
}
const Rebuilder set_class_cell{"cell.class_dict", guarded<fill_class_cell>};

Ref reduce_cell(Saver& saver, PyObject* cell, Rule&) {
  const Ref no_args = own(PyTuple_New(0));
  PyObject* content = PyCell_GET(cell);
  if (PyTypeObject* owner = content ? saver.namespaces().owner_of(content) : nullptr)
    return reduced(make_cell, no_args, pack(owner), set_class_cell);
  return content ? reduced(make_cell, no_args, pack(content), set_cell)
                 : reduced(make_cell, no_args);
}

Ref rebuild_method(Args args) { return own(PyMethod_New(args[0], args[1])); }
const Rebuilder make_method{"method", guarded<rebuild_method>};
// Of a library class, whose function no name leads to.
Ref rebuild_class_method(Args args) { return own(PyObject_GetAttr(args[0], args[1])); }
const Rebuilder make_class_method{"class_method", guarded<rebuild_class_method>};
bool is_class_method(PyObject* method, const Ref& name) {
  const Ref found = PyUnicode_Check(name.get())
                        ? attr_or_null(PyMethod_GET_SELF(method), utf8(name.get()).c_str())
                        : Ref();
  return found && PyMethod_Check(found.get()) &&
         PyMethod_GET_FUNCTION(found.get()) == PyMethod_GET_FUNCTION(method);
}
Ref reduce_method(Saver& saver, PyObject* method, Rule&) {
  PyObject* self = PyMethod_GET_SELF(method);
  if (PyType_Check(self) && !saver.by_value().type(reinterpret_cast<PyTypeObject*>(self))) {
    const Ref name = attr(PyMethod_GET_FUNCTION(method), "__name__");
    if (is_class_method(method, name)) return reduced(make_class_method, pack(self, name));
  }
  return reduced(make_method, pack(PyMethod_GET_FUNCTION(method), PyMethod_GET_SELF(method)));
}

// Bound methods of C types on instances of Python classes, which may have overridden the name:
// found in the class that has the C method. On other objects the name alone leads to them.
Ref rebuild_native_method(Args args) {
  PyObject* descriptor =
      find(type_namespace(reinterpret_cast<PyTypeObject*>(args[0])).get(), utf8(args[1]).c_str());
  if (!descriptor || !Py_TYPE(descriptor)->tp_descr_get) broken("a C method has gone");
  return own(Py_TYPE(descriptor)->tp_descr_get(descriptor, args[2], raw(Py_TYPE(args[2]))));
}
const Rebuilder make_native_method{"native_method", guarded<rebuild_native_method>};

// The class in whose namespace the definition of this C method stands; null if there is none.
PyTypeObject* class_of_method(PyObject* self, const PyMethodDef* definition) {
  PyObject* mro = Py_TYPE(self)->tp_mro;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); ++i) {
    auto* type = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(mro, i));
    PyObject* found = find(type_namespace(type).get(), definition->ml_name);
    if (found && Py_TYPE(found) == &PyMethodDescr_Type &&
        reinterpret_cast<PyMethodDescrObject*>(found)->d_method == definition)
      return type;
  }
  return nullptr;
}

// A function of a C module whose name there leads to another one by now: print, after the script
// has put its own into builtins.
const PyMethodDef* definition_in(PyObject* module, const std::string& name) {
  const PyModuleDef* module_definition = PyModule_Check(module) ? PyModule_GetDef(module) : nullptr;
  if (!module_definition) {
    PyErr_Clear();
    return nullptr;
  }
  const PyMethodDef* methods = module_definition->m_methods;
  while (methods && methods->ml_name && name != methods->ml_name) ++methods;
  return methods && methods->ml_name ? methods : nullptr;
}
bool has_definition(PyObject* function, const PyMethodDef* definition) {
  return PyCFunction_CheckExact(function) &&
         reinterpret_cast<PyCFunctionObject*>(function)->m_ml == definition;
}
Ref rebuild_replaced_builtin(Args args) {
  const PyMethodDef* definition = definition_in(args[0], utf8(args[1]));
  if (!definition) broken("a C function has gone: " + utf8(args[1]));
  PyObject *name = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(PyModule_GetDict(args[0]), &position, &name, &value))
    if (has_definition(value, definition)) return Ref::borrow(value);
  return own(PyCFunction_NewEx(const_cast<PyMethodDef*>(definition), args[0],
                               own(PyModule_GetNameObject(args[0])).get()));
}
const Rebuilder make_replaced_builtin{"replaced_builtin", guarded<rebuild_replaced_builtin>};

// The module that a new import makes of this one, which may have been imported twice.
PyObject* imported_module(PyObject* module) {
  const Ref name = attr_or_null(module, "__name__");
  PyObject* imported =
      name ? PyDict_GetItemWithError(PyImport_GetModuleDict(), name.get()) : nullptr;
  return imported ? imported : module;
}

// By another, or because it says that it is of a module that has another under this name (numpy's
// may_share_memory).
bool is_replaced(PyObject* function, PyObject* module) {
  const PyMethodDef* definition = reinterpret_cast<PyCFunctionObject*>(function)->m_ml;
  if (definition != definition_in(module, definition->ml_name)) return false;
  if (find(PyModule_GetDict(module), definition->ml_name) != function) return true;
  const Ref said = attr_or_null(function, "__module__");
  return said && PyUnicode_Check(said.get()) &&
         !is_imported_as(function, said.get(), text(definition->ml_name).get());
}

Ref reduce_builtin(Saver& saver, PyObject* function, Rule& rule) {
  if (PyObject* task = frames::task_of_wakeup(function)) return reduce_task_wakeup(task);
  PyObject* self = PyCFunction_GET_SELF(function);
  PyObject* module = self && PyModule_Check(self) ? imported_module(self) : nullptr;
  if (module && is_replaced(function, module))
    return reduced(
        make_replaced_builtin,
        pack(module, text(reinterpret_cast<PyCFunctionObject*>(function)->m_ml->ml_name)));
  if (!self || PyType_Check(self) || !frames::is_python_class(Py_TYPE(self)))
    return reduce_by_default(saver, function, rule);
  const PyMethodDef* definition = reinterpret_cast<PyCFunctionObject*>(function)->m_ml;
  PyTypeObject* type = class_of_method(self, definition);
  if (!type) return reduce_by_default(saver, function, rule);
  return reduced(make_native_method, pack(type, text(definition->ml_name), self));
}

// The same for operators and the like: object().__str__
Ref reduce_method_wrapper(Saver& saver, PyObject* wrapper, Rule& rule) {
  const Ref self = attr(wrapper, "__self__");
  if (!frames::is_python_class(Py_TYPE(self.get()))) return reduce_by_default(saver, wrapper, rule);
  return reduced(make_native_method,
                 pack(attr(wrapper, "__objclass__"), attr(wrapper, "__name__"), self));
}

// property(), with what __set_name__ or the compiler added.
Ref rebuild_property(Args args) {
  return own(PyObject_Vectorcall(raw(&PyProperty_Type), args.values, 4, nullptr));
}
const Rebuilder make_property{"property", guarded<rebuild_property>};
Ref reduce_property(Saver&, PyObject* object, Rule&) {
  return reduced(make_property, pack(attr(object, "fget"), attr(object, "fset"),
                                     attr(object, "fdel"), attr(object, "__doc__")));
}

// staticmethod and classmethod: made around None, so that what they wrap may refer to them, and
// filled past their __init__, which would ask that for its names.
Ref rebuild_wrapper(Args args) { return call(args[0], Py_None); }
const Rebuilder make_wrapper{"wrapper", guarded<rebuild_wrapper>};
Ref fill_wrapper(Args args) {
  const Py_ssize_t offset = member_offset(Py_TYPE(args[0]), "__func__");
  auto** wrapped = reinterpret_cast<PyObject**>(reinterpret_cast<char*>(args[0]) + offset);
  Py_XSETREF(*wrapped, Py_NewRef(item(args[1], 0)));
  if (const Ref dict = instance_dict(args[0])) {
    PyDict_Clear(dict.get());
    ok(PyDict_Update(dict.get(), item(args[1], 1)));
  }
  return none();
}
const Rebuilder set_wrapper{"wrapper.state", guarded<fill_wrapper>};
Ref reduce_wrapper(Saver&, PyObject* object, Rule& rule) {
  const Ref dict = instance_dict(object);
  return reduced(make_wrapper, pack(rule.type), pack(attr(object, "__func__"), dict), set_wrapper);
}

Ref rebuild_super(Args args) { return call(raw(&PySuper_Type), args[0], args[1]); }
const Rebuilder make_super{"super", guarded<rebuild_super>};
Ref reduce_super(Saver&, PyObject* object, Rule& rule) {
  const Ref of = attr(object, "__thisclass__");
  if (of.is(Py_None)) return made_by_new(rule.type);
  return reduced(make_super, pack(of, attr(object, "__self__")));
}

// Modules that are not in sys.modules under their own name. Nothing of a class that derives from
// ModuleType is called.
Ref rebuild_module(Args args) {
  const Ref name = pack(args[1]);
  Ref made =
      own(PyModule_Type.tp_new(reinterpret_cast<PyTypeObject*>(args[0]), name.get(), nullptr));
  ok(PyModule_Type.tp_init(made.get(), name.get(), nullptr));
  return made;
}
const Rebuilder make_module{"module", guarded<rebuild_module>};
// Functions and running code have this very dict as their global names.
Ref fill_module(Args args) {
  restore_instance_state(args[0], args[1]);
  return none();
}
const Rebuilder set_module{"module.dict", guarded<fill_module>};

// (class, name): Class.__dict__['__weakref__'] and the like, which C types and type.__new__ make.
Ref rebuild_getset(Args args) {
  const Ref names = type_namespace(reinterpret_cast<PyTypeObject*>(args[0]));
  PyObject* found = find(names.get(), utf8(args[1]).c_str());
  if (!found) broken("a class without its attribute " + utf8(args[1]));
  return Ref::borrow(found);
}
const Rebuilder make_getset{"getset", guarded<rebuild_getset>};
Ref reduce_getset(Saver&, PyObject* descriptor, Rule&) {
  return reduced(make_getset, pack(PyDescr_TYPE(descriptor), PyDescr_NAME(descriptor)));
}

// "null": the persistent id of frames::null_marker() goes through this name.
Ref no_null_call(Args) { broken("the marker of an empty slot was called"); }
const Rebuilder null_entry{"null", guarded<no_null_call>};

}  // namespace

Ref reduce_module(Saver& saver, PyObject* module, Rule& rule) {
  if (PyModule_GetDef(module))
    refuse("a module made by C code that is not in sys.modules cannot be saved");
  const Ref dict = Ref::borrow(PyModule_GetDict(module));
  if (!dict) refuse("a module that has not been given a name yet");
  PyObject* name = find(dict.get(), "__name__");
  if (!rule.layout.native_base) rule.layout = layout_of(rule.type);
  const Ref slots = Ref::borrow(item(instance_state(saver, module, rule), 1));
  return reduced(make_module,
                 pack(rule.type, name && PyUnicode_Check(name) ? Ref::borrow(name) : text("?")),
                 pack(dict, slots, Py_True), set_module);
}

void add_function_types(ExactTypes& types) {
  types[&PyFunction_Type] = reduce_function;
  types[&PyCode_Type] = reduce_code;
  types[&PyCell_Type] = reduce_cell;
  types[&PyMethod_Type] = reduce_method;
  types[&PyProperty_Type] = reduce_property;
  types[&PyStaticMethod_Type] = reduce_wrapper;
  types[&PyClassMethod_Type] = reduce_wrapper;
  types[&PyGetSetDescr_Type] = reduce_getset;
  types[&PyClassMethodDescr_Type] = reduce_getset;
  types[&PySuper_Type] = reduce_super;
  types[&PyCFunction_Type] = reduce_builtin;
  types[&PyCMethod_Type] = reduce_builtin;
  types[Py_TYPE(attr(Py_None, "__str__").get())] = reduce_method_wrapper;  // has no name in C
}

}  // namespace chkpt::heap
