// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/by_value.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/library_aliases.hpp"
#include "python/heap/modules/library_contents.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/modules/library_paths.hpp"

namespace chkpt::heap {
namespace {

// A folder without __init__.py has no file, but a way to find what is in it.
bool is_namespace_package(PyObject* module) {
  PyObject* dict = PyModule_GetDict(module);
  PyObject* spec = find(dict, "__spec__");
  if (!find(dict, "__path__") || !spec || spec == Py_None) return false;
  const Ref origin = attr_or_null(spec, "origin");
  return !origin || origin.is(Py_None);
}

bool is_package_of_script(PyObject* dict) {
  const Ref folders = package_path(dict);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(folders.get()); ++i)
    if (!is_library_file(utf8(PyList_GET_ITEM(folders.get(), i)) + "/__init__.py")) return true;
  return false;
}

}  // namespace

// Asked for its items, the path of a namespace package may look for folders anew.
Ref package_path(PyObject* dict) {
  Ref folders = new_list();
  PyObject* path = find(dict, "__path__");
  if (!path) return folders;
  const Ref known = PyList_Check(path) ? Ref::borrow(path) : attr_or_null(path, "_path");
  for (Py_ssize_t i = 0; known && PyList_Check(known.get()) && i < PyList_GET_SIZE(known.get());
       ++i)
    if (PyUnicode_Check(PyList_GET_ITEM(known.get(), i)))
      append(folders, Ref::borrow(PyList_GET_ITEM(known.get(), i)));
  return folders;
}

// A resume imports before it has the script's classes.
bool ByValue::has_loader_of_script(PyObject* dict) {
  PyObject* spec = find(dict, "__spec__");
  const Ref loader = spec ? attr_or_null(spec, "loader") : Ref();
  if (!loader || loader.is(Py_None)) return false;
  return type(PyType_Check(loader.get()) ? reinterpret_cast<PyTypeObject*>(loader.get())
                                         : Py_TYPE(loader.get()));
}

bool ByValue::decide_module(PyObject* name, PyObject* module) {
  if (!PyUnicode_Check(name) || !PyModule_Check(module)) return false;
  const std::string module_name = utf8(name);
  if (module_name == "__main__") return true;
  if (module_name == "chkpt" || begins_with(module_name, "chkpt.")) return false;
  PyObject* dict = PyModule_GetDict(module);
  PyObject* file = find(dict, "__file__");
  if (file && PyUnicode_Check(file)) {
    return !is_library_origin(utf8(file));
  }
  if (is_namespace_package(module)) return is_package_of_script(dict);
  if (has_loader_of_script(dict)) return true;
  // Cython keeps the types its modules share in a module without a file.
  if (begins_with(module_name, "_cython_")) return false;
  // Made with types.ModuleType(): no import can find it again, unless it was one that made it.
  return is_bare_module(module) && !made_by_library_import(module);
}

bool ByValue::module(PyObject* name, PyObject* module) {
  if (!PyUnicode_Check(name)) return false;
  const std::string key = utf8(name);
  const auto known = modules_.find(key);
  if (known != modules_.end() && known->second.first == module) return known->second.second;
  modules_[key] = {module, false};  // while it is decided
  const bool verdict = decide_module(name, module);
  modules_[key] = {module, verdict};
  return verdict;
}

bool ByValue::module_named(PyObject* module_name) {
  if (!module_name || !PyUnicode_Check(module_name)) return false;
  PyObject* found = PyDict_GetItemWithError(PyImport_GetModuleDict(), module_name);
  return found && module(module_name, found);
}

bool ByValue::of_script(PyObject* value) {
  if (PyFunction_Check(value))
    return module_named(reinterpret_cast<PyFunctionObject*>(value)->func_module);
  return type(PyType_Check(value) ? reinterpret_cast<PyTypeObject*>(value) : Py_TYPE(value));
}

void ByValue::take_for_script(PyObject* name, PyObject* module) {
  modules_[utf8(name)] = {module, true};
}

bool is_bare_module(PyObject* module) {
  PyObject* dict = PyModule_GetDict(module);
  PyObject* spec = find(dict, "__spec__");
  return !find(dict, "__file__") && (!spec || spec == Py_None) && !find(dict, "__path__");
}

Ref find_qualified(PyObject* module, PyObject* qualname) {
  const std::string path = utf8(qualname);
  if (path.find('<') != std::string::npos) return {};
  Ref found = Ref::borrow(module);
  for (std::size_t start = 0; start <= path.size() && found;) {
    const std::size_t dot = std::min(path.find('.', start), path.size());
    found = attr_or_null(found.get(), path.substr(start, dot - start).c_str());
    start = dot + 1;
  }
  return found;
}

namespace {

// Of a module or a class itself; null for other holders of names. Borrowed.
PyObject* own_namespace(PyObject* holder) {
  if (PyModule_Check(holder)) return PyModule_GetDict(holder);
  return PyType_Check(holder) ? reinterpret_cast<PyTypeObject*>(holder)->tp_dict : nullptr;
}

// A new import of the library module finds the object under this name: nothing on the way to it was
// put there later.
bool new_import_finds(PyObject* module, PyObject* qualname, PyObject* object) {
  if (!find_qualified(module, qualname).is(object)) return false;
  const Ref names = call_method(Ref::borrow(qualname), "split", text("."));
  PyObject* holder = module;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names.get()); ++i) {
    PyObject* name = PyList_GET_ITEM(names.get(), i);
    PyObject* held = own_namespace(holder);
    PyObject* value = held ? PyDict_GetItemWithError(held, name) : nullptr;
    if (!value) return true;
    if (made_after_import(holder, name, value)) return false;
    holder = value;
  }
  return true;
}

// (module, name by which its import makes the object, whatever that calls itself); null if there is
// none.
Ref alias_in(PyObject* module, PyObject* object) {
  PyObject *name = nullptr, *value = nullptr;
  if (!module || !PyModule_Check(module)) return {};
  for (Py_ssize_t at = 0; PyDict_Next(PyModule_GetDict(module), &at, &name, &value);)
    if (value == object && PyUnicode_Check(name) && !made_after_import(module, name, value) &&
        !is_new_name(module, name))
      return pack(module, name);
  return {};
}

// Null if it is the script's, or there is none. Borrowed.
PyObject* library_module(ByValue& by_value, PyObject* name) {
  if (!name || !PyUnicode_Check(name)) return nullptr;
  PyObject* found = PyDict_GetItemWithError(PyImport_GetModuleDict(), name);
  return found && !by_value.module(name, found) ? found : nullptr;
}

// A class may have a descriptor for its instances there (zope.interface): its functions say then
// where they have been made. Null if nobody says it.
Ref module_name_of(PyTypeObject* of) {
  PyObject* said = find(of->tp_dict, "__module__");
  if (!said || PyUnicode_Check(said)) return Ref::borrow(said);
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(of->tp_dict, &at, &name, &value);) {
    PyObject* module =
        PyFunction_Check(value) ? reinterpret_cast<PyFunctionObject*>(value)->func_module : nullptr;
    if (module && PyUnicode_Check(module)) return Ref::borrow(module);
  }
  return {};
}

}  // namespace

// Whatever the run has told a library's class to be, it is that of the import.
bool ByValue::decide_type(PyTypeObject* type) {
  if (!frames::is_python_class(type)) return false;
  Ref name = said_at_import(type, "__module__"), qualname = said_at_import(type, kQualifiedName);
  if (!name) name = module_name_of(type);
  if (!qualname) qualname = own(PyType_GetQualName(type));
  PyObject* found = library_module(*this, name.get());
  return !found || !new_import_finds(found, qualname.get(), raw(type));
}

bool ByValue::type(PyTypeObject* type) {
  const auto known = types_.find(type);
  if (known != types_.end()) return known->second;
  const bool verdict = decide_type(type);
  types_[type] = verdict;
  return verdict;
}

bool ByValue::function_is_importable(PyObject* function) {
  const auto* object = reinterpret_cast<PyFunctionObject*>(function);
  PyObject* found = library_module(*this, object->func_module);
  return found && new_import_finds(found, object->func_qualname, function);
}

// Not those that somebody has renamed since: an import does not.
Ref library_alias(ByValue& by_value, PyObject* object) {
  if (PyType_Check(object)) {
    auto* type = reinterpret_cast<PyTypeObject*>(object);
    Ref name = said_at_import(type, "__module__");
    if (!name) name = module_name_of(type);
    return alias_in(library_module(by_value, name.get()), object);
  }
  const auto* function = reinterpret_cast<PyFunctionObject*>(object);
  const auto* code = reinterpret_cast<PyCodeObject*>(function->func_code);
  if (PyUnicode_Compare(function->func_qualname, code->co_qualname) != 0 ||
      PyUnicode_Compare(function->func_name, code->co_name) != 0)
    return {};
  return alias_in(library_module(by_value, function->func_module), object);
}

}  // namespace chkpt::heap
