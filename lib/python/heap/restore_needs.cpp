// SPDX-License-Identifier: BSD-3-Clause
// What a restore function of chkpt.register() may look at. It is called while the state is being
// loaded, as soon as its value is there, because the object it makes has to be put where the old
// one was. The names of its module do not exist at that time, so those that it may use, directly or
// through what it calls, are saved before it; everything reached that way must be complete.
#include <Python.h>

#include <deque>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/customs.hpp"
#include "python/heap/hashing.hpp"
#include "python/heap/packages/numpy_arrays.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

constexpr const char* kTooEarly = " what chkpt.register() restores it from";

bool is_atom(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  return object == Py_None || type == &PyUnicode_Type || type == &PyLong_Type ||
         type == &PyFloat_Type || type == &PyBytes_Type || type == &PyBool_Type ||
         type == &PyCode_Type;
}

class Walk {
 public:
  // `known`: another walk whose objects need not be looked at again; may be null.
  Walk(Saver& saver, const RestoreNeeds* known, RestoreNeeds* found)
      : saver_(saver), known_(known), found_(found) {}

  void run(PyObject* from, PyObject* target) {
    target_ = target;
    visit(from);
    while (!queue_.empty()) {
      PyObject* next = queue_.front();
      queue_.pop_front();
      expand(next);
    }
  }

 private:
  void visit(PyObject* object) {
    if (!object || is_atom(object)) return;
    if (object == target_) refuse(std::string("it is part of") + kTooEarly);
    if (known_ && known_->seen.count(object)) return;
    if (!found_->seen.insert(object).second) return;
    found_->keep.push_back(Ref::borrow(object));
    queue_.push_back(object);
  }

  void need(PyObject* names, PyObject* name) {
    PyObject* value = PyDict_GetItemWithError(names, name);
    if (!value) return;  // a builtin, or made later
    found_->names.push_back(pack(names, name, value));
    visit(value);
  }

  void need_all(PyObject* names) {
    const Ref keys = own(PyDict_Keys(names));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(keys.get()); ++i)
      need(names, PyList_GET_ITEM(keys.get(), i));
  }

  void need_globals_of(PyObject* code, PyObject* names) {
    const Ref used = own(frames::code_globals(code));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(used.get()); ++i)
      need(names, PyList_GET_ITEM(used.get(), i));
    PyObject* constants = reinterpret_cast<PyCodeObject*>(code)->co_consts;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(constants); ++i)
      if (PyCode_Check(PyTuple_GET_ITEM(constants, i)))
        need_globals_of(PyTuple_GET_ITEM(constants, i), names);
  }

  void expand_function(PyObject* object) {
    if (saver_.by_value().function_is_importable(object)) return;
    auto* function = reinterpret_cast<PyFunctionObject*>(object);
    need_globals_of(function->func_code, function->func_globals);
    for (PyObject* part : {function->func_closure, function->func_defaults,
                           function->func_kwdefaults, function->func_dict})
      visit(part);
  }

  void expand_type(PyTypeObject* type) {
    if (!saver_.by_value().type(type)) return;
    visit(type->tp_bases);
    PyObject *key = nullptr, *value = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(type->tp_dict, &position, &key, &value)) visit(value);
  }

  // A module of the script, or its namespace; library modules are there from the beginning.
  bool expand_module(PyObject* object) {
    for (const Saver::ModuleEntry& entry : saver_.by_value_modules()) {
      PyObject* names = PyModule_GetDict(entry.module.get());
      if (object != entry.module.get() && object != names) continue;
      need_all(names);
      return true;
    }
    return saver_.is_registered(object) || PyModule_Check(object);
  }

  void check_complete(PyObject* object) const {
    const bool late = (PyDict_CheckExact(object) && saver_.fills_late(object)) ||
                      (PySet_CheckExact(object) && fills_late_set(object)) ||
                      (PyFrozenSet_CheckExact(object) && set_has_late_key(object));
    if (late)
      refuse(std::string("a ") + Py_TYPE(object)->tp_name + " is part of" + kTooEarly +
             ", and can only be filled after that: use a list");
    if (is_filled_by_script(Py_TYPE(object)))
      refuse(std::string("a ") + Py_TYPE(object)->tp_name + " is part of" + kTooEarly +
             ", and its __chkpt_restore__ is called after that");
  }

  void expand(PyObject* object) {
    if (expand_module(object)) return;
    if (PyFunction_Check(object)) return expand_function(object);
    if (PyType_Check(object)) return expand_type(reinterpret_cast<PyTypeObject*>(object));
    // Made as a whole, before what needs it.
    if (saver_.rule_of(Py_TYPE(object)).custom) return;
    check_complete(object);
    if (is_array(object) && has_objects(object)) {
      const Ref items = array_method(object, "tolist");
      found_->keep.push_back(items);
      visit(items.get());
    }
    if (!Py_TYPE(object)->tp_traverse || !PyObject_IS_GC(object)) return;
    for (PyObject* referent : referents(object)) visit(referent);
  }

  Saver& saver_;
  const RestoreNeeds* known_;
  RestoreNeeds* found_;
  PyObject* target_ = nullptr;
  std::deque<PyObject*> queue_;
};

Ref as_tuple(const std::vector<Ref>& first, const std::vector<Ref>& second) {
  const Ref list = new_list();
  for (const std::vector<Ref>* part : {&first, &second})
    for (const Ref& one : *part) append(list, one);
  return own(PyList_AsTuple(list.get()));
}

}  // namespace

Ref needed_before(Saver& saver, PyObject* object, PyObject* restore, PyObject* value) {
  RestoreNeeds& shared = saver.needs_of(restore);
  if (!shared.tuple) {
    Walk(saver, nullptr, &shared).run(restore, object);
    shared.tuple = as_tuple(shared.names, {});
  }
  if (shared.seen.count(object)) refuse(std::string("it is part of") + kTooEarly);
  RestoreNeeds own_needs;
  Walk(saver, &shared, &own_needs).run(value, object);
  return own_needs.names.empty() ? shared.tuple : as_tuple(shared.names, own_needs.names);
}

}  // namespace chkpt::heap
