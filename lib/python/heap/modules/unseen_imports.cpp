// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/modules/unseen_imports.hpp"

#include <algorithm>

#include "python/frames/objects.hpp"
#include "python/heap/by_value.hpp"
#include "python/heap/call.hpp"
#include "python/heap/modules/library_baseline.hpp"

namespace chkpt::heap {
namespace {

constexpr const char* kPickle = "_pickle";

UnseenImports* active = nullptr;

// Those that have been imported for us alone, by name. Never freed: they outlive the interpreter.
PyObject* kept() {
  static PyObject* const modules = new_dict().release();
  return modules;
}

PyObject* modules() { return PyImport_GetModuleDict(); }

// Up to 3.11 the interpreter itself knows one _pickle, and gives that to whoever imports it again;
// from 3.12 on there may be several.
void let_interpreter_know(PyObject* module, bool known) {
  PyModuleDef* definition = PyModule_GetDef(module);
  if (!definition) return PyErr_Clear();  // not a module of C code
  if (definition->m_slots) return;
  const bool is_known = PyState_FindModule(definition) != nullptr;
  if (is_known == known) return;
  ok(known ? PyState_AddModule(module, definition) : PyState_RemoveModule(definition));
}

bool has_gaps(PyObject* dict) {
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t position = 0, entries = 0;
  while (PyDict_Next(dict, &position, &key, &value))
    if (position != ++entries) return true;
  return false;
}

bool iterates_over(PyObject* object, PyObject* dict) {
  for (PyTypeObject* type :
       {&PyDictIterKey_Type, &PyDictIterValue_Type, &PyDictIterItem_Type, &PyDictRevIterKey_Type,
        &PyDictRevIterValue_Type, &PyDictRevIterItem_Type})
    if (Py_TYPE(object) == type) return item(own(frames::dict_iter_get(object)), 0) == dict;
  return false;
}

// A dict that must grow closes the gaps that removed entries have left, and a loop of the script
// over it would then leave entries out. They are closed now, and the loops go on where they were.
void close_gaps(PyObject* dict) {
  if (!has_gaps(dict)) return;
  std::vector<std::pair<Ref, Ref>> loops;
  const Ref objects = collector_objects();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(objects.get()); ++i) {
    PyObject* object = PyList_GET_ITEM(objects.get(), i);
    if (iterates_over(object, dict))
      loops.emplace_back(Ref::borrow(object), own(frames::dict_iter_get(object)));
  }
  const Ref copy = own(PyDict_Copy(dict));
  PyDict_Clear(dict);
  ok(PyDict_Update(dict, copy.get()));
  for (const auto& [loop, place] : loops) ok(frames::dict_iter_set(loop.get(), place.get()));
}

// Nobody else is asked while there is one: a finder of the script would see what is imported.
class OwnFinders {
 public:
  OwnFinders() : aside_(Ref::borrow(PySys_GetObject("meta_path"))) {
    const Ref finders = new_list();
    const Ref bootstrap = import("_frozen_importlib"),
              external = import("_frozen_importlib_external");
    append(finders, attr(bootstrap, "BuiltinImporter"));
    append(finders, attr(bootstrap, "FrozenImporter"));
    append(finders, attr(external, "PathFinder"));
    ok(PySys_SetObject("meta_path", finders.get()));
  }
  ~OwnFinders() {
    const PendingException aside;
    if (PySys_SetObject("meta_path", aside_.get()) != 0) PyErr_Clear();
  }
  OwnFinders(const OwnFinders&) = delete;
  OwnFinders& operator=(const OwnFinders&) = delete;

 private:
  Ref aside_;  // null if the script has taken it away
};

Ref names_now() { return own(PySet_New(own(PyDict_Keys(modules())).get())); }

}  // namespace

UnseenImports::UnseenImports() : before_(names_now()) {
  close_gaps(modules());
  put_back();
  import_anew();
  active = this;
}

// What was imported earlier, unless the script has one of its own by now.
void UnseenImports::put_back() {
  PyObject *name = nullptr, *module = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(kept(), &position, &name, &module)) {
    if (ok(PySet_Contains(before_.get(), name))) continue;
    ok(PyDict_SetItem(modules(), name, module));
    hidden_.push_back({Ref::borrow(name), Ref::borrow(module)});
    let_interpreter_know(module, true);
  }
}

void UnseenImports::import_anew() {
  if (loaded_module(kPickle)) return;
  {
    const OwnFinders finders;
    import(kPickle);
  }
  PyObject *name = nullptr, *module = nullptr;
  Py_ssize_t position = 0;
  std::vector<Hidden> added;
  while (PyDict_Next(modules(), &position, &name, &module))
    if (!has(name) && !ok(PySet_Contains(before_.get(), name)))
      added.push_back({Ref::borrow(name), Ref::borrow(module)});
  for (const Hidden& one : added) {
    ok(PyDict_SetItem(kept(), one.name.get(), one.module.get()));
    hidden_.push_back(one);
    if (library_baseline()) library_baseline()->imported.forget(one.name.get());
  }
}

// Whatever was imported meanwhile may have got hold of ours: then they are the script's.
bool UnseenImports::script_has_imported() const {
  PyObject *name = nullptr, *module = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(modules(), &position, &name, &module))
    if (!has(name) && !ok(PySet_Contains(before_.get(), name))) return true;
  return false;
}

UnseenImports::~UnseenImports() {
  const PendingException aside;
  try {
    if (script_has_imported()) {
      for (const Hidden& one : hidden_) ok(PyDict_DelItem(kept(), one.name.get()));
    } else {
      for (const Hidden& one : hidden_) {
        ok(PyDict_DelItem(modules(), one.name.get()));
        let_interpreter_know(one.module.get(), false);
      }
    }
  } catch (const Raised&) {
    PyErr_Clear();
  }
  active = nullptr;
}

bool UnseenImports::has(PyObject* name) const {
  return PyUnicode_Check(name) &&
         std::any_of(hidden_.begin(), hidden_.end(), [&](const Hidden& one) {
           return PyUnicode_Compare(one.name.get(), name) == 0;
         });
}

bool UnseenImports::hides(PyObject* name) { return active && active->has(name); }

bool UnseenImports::has_class(PyTypeObject* type) {
  const Ref name = attr_or_null(raw(type), "__module__");
  PyObject* module =
      name && PyUnicode_Check(name.get()) ? PyDict_GetItemWithError(kept(), name.get()) : nullptr;
  return module && find_qualified(module, own(PyType_GetQualName(type)).get()).is(raw(type));
}

void UnseenImports::expect(PyObject* name) {
  if (!active) return;
  ok(PySet_Add(active->before_.get(), name));
  auto& hidden = active->hidden_;
  const auto found = std::find_if(hidden.begin(), hidden.end(), [&](const Hidden& one) {
    return PyUnicode_Compare(one.name.get(), name) == 0;
  });
  if (found == hidden.end()) return;
  ok(PyDict_DelItem(kept(), name));
  hidden.erase(found);
}

}  // namespace chkpt::heap
