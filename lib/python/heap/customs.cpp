// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>
#include <structmember.h>

#include "python/heap/customs.hpp"

#include <unordered_map>

#include "base/text.hpp"
#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

constexpr const char* kSave = "__chkpt_save__";
constexpr const char* kRestore = "__chkpt_restore__";

std::function<Customs()>& provider() {
  static std::function<Customs()> one;
  return one;
}

bool rehearsing = false;

// Values of objects that were not filled, while rehearsing. Never freed: the process ends soon.
std::unordered_map<PyObject*, PyObject*>& unused_values() {
  static std::unordered_map<PyObject*, PyObject*> values;
  return values;
}

// ---- what stands, while rehearsing, for an object that a function of the script's would make

struct StandIn {
  PyObject ob_base;
  PyObject* function;
  PyObject* arguments;
};

StandIn* stand_in(PyObject* object) { return reinterpret_cast<StandIn*>(object); }

void stand_in_dealloc(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  PyObject_GC_UnTrack(object);
  Py_XDECREF(stand_in(object)->function);
  Py_XDECREF(stand_in(object)->arguments);
  type->tp_free(object);
  Py_DECREF(type);
}

int stand_in_traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(stand_in(object)->function);
  Py_VISIT(stand_in(object)->arguments);
  return 0;
}

PyObject* stand_in_call(PyObject*, PyObject*, PyObject*) {
  PyErr_SetString(PyExc_RuntimeError, "an object of the script's was not made here");
  return nullptr;
}

PyTypeObject* stand_in_type();

Ref new_stand_in(const Ref& function, const Ref& arguments) {
  Ref made = own(stand_in_type()->tp_alloc(stand_in_type(), 0));
  stand_in(made.get())->function = function.new_ref();
  stand_in(made.get())->arguments = arguments.new_ref();
  return made;
}

// Its methods are saved as the object and a name; these come back here.
PyObject* stand_in_getattr(PyObject* object, PyObject* name) {
  if (begins_with(utf8(name), "__")) return PyObject_GenericGetAttr(object, name);
  try {
    return new_stand_in(attr(import("builtins"), "getattr"), pack(object, name)).release();
  } catch (...) {
    set_python_exception();
    return nullptr;
  }
}

PyTypeObject* stand_in_type() {
  static PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(stand_in_dealloc)},
                                {Py_tp_traverse, reinterpret_cast<void*>(stand_in_traverse)},
                                {Py_tp_call, reinterpret_cast<void*>(stand_in_call)},
                                {Py_tp_getattro, reinterpret_cast<void*>(stand_in_getattr)},
                                {0, nullptr}};
  static PyType_Spec spec = {"chkpt.StandIn", sizeof(StandIn), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
  static PyObject* const type = own(PyType_FromSpec(&spec)).release();
  return reinterpret_cast<PyTypeObject*>(type);
}

Ref reduce_stand_in(Saver&, PyObject* object, Rule&) {
  return pack(stand_in(object)->function, stand_in(object)->arguments);
}

// ---- chkpt.register

// What was put into a namespace early comes once more, in its order, when modules are filled.
void put_needed(PyObject* needed) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(needed); ++i) {
    PyObject* one = PyTuple_GET_ITEM(needed, i);
    ok(PyDict_SetItem(item(one, 0), item(one, 1), item(one, 2)));
  }
}

std::string name_of(PyTypeObject* type) { return type->tp_name; }

// (type, restore function, names it needs, value)
Ref rebuild_registered(Args args);
const Rebuilder make_registered{"registered", guarded<rebuild_registered>};

Ref rebuild_registered(Args args) {
  if (rehearsing)
    return new_stand_in(Ref::borrow(make_registered.function()),
                        pack(args[0], args[1], args[2], args[3]));
  put_needed(args[2]);
  Ref made = call(args[1], args[3]);
  if (!ok(PyObject_IsInstance(made.get(), args[0])))
    broken("the restore function of chkpt.register(" +
           name_of(reinterpret_cast<PyTypeObject*>(args[0])) + ") returned a " +
           name_of(Py_TYPE(made.get())));
  return made;
}

// The value that a function of the script's gives for the object.
Ref saved_value(Saver& saver, PyObject* object, const char* by, const std::function<Ref()>& save) {
  if (saver.custom_value(object))
    refuse(std::string("it is part of what ") + by + " has returned for it");
  Ref value;
  try {
    value = save();
  } catch (const Raised&) {
    refuse(std::string(by) + " raised " + take_exception_text());
  }
  saver.note_custom_value(object, value);
  return value;
}

Ref reduce_registered(Saver& saver, PyObject* object, Rule& rule) {
  const Ref value = saved_value(saver, object, "the save function of chkpt.register()",
                                [&] { return call(item(rule.custom, 0), object); });
  PyObject* restore = item(rule.custom, 1);
  return reduced(make_registered, pack(rule.type, restore,
                                       needed_before(saver, object, restore, value.get()), value));
}

// ---- __chkpt_save__ and __chkpt_restore__

PyObject* method_of(PyTypeObject* type, const char* name) {
  const Ref key = text(name);
  return _PyType_Lookup(type, key.get());  // borrowed
}

// (class, native base)
Ref rebuild_bare(Args args) {
  auto* type = reinterpret_cast<PyTypeObject*>(args[0]);
  auto* base = reinterpret_cast<PyTypeObject*>(args[1]);
  return own(base->tp_new(type, own(PyTuple_New(0)).get(), nullptr));
}
const Rebuilder make_bare{"bare", guarded<rebuild_bare>};

// (object, (value,)): called when everything else is complete, inner objects before outer ones.
Ref fill_bare(Args args) {
  const Ref object = Ref::borrow(args[0]), value = Ref::borrow(item(args[1], 0));
  if (rehearsing) {
    unused_values()[object.new_ref()] = value.new_ref();
    return none();
  }
  Loader::current().by_script([object, value] { call_method(object, kRestore, value); });
  return none();
}
const Rebuilder set_bare{"bare.value", guarded<fill_bare>};

Ref reduce_filled_by_script(Saver& saver, PyObject* object, Rule& rule) {
  if (!method_of(rule.type, kRestore))
    refuse(name_of(rule.type) + " has " + kSave + " but no " + kRestore);
  PyTypeObject* base = layout_of(rule.type).native_base;
  if (base != &PyBaseObject_Type && base != &PyDict_Type && base != &PyList_Type &&
      base != &PySet_Type)
    refuse(std::string(kSave) + " in a class that derives from " + base->tp_name +
           ": use chkpt.register()");
  const auto kept = unused_values().find(object);
  const Ref value = saved_value(saver, object, kSave, [&] {
    return kept != unused_values().end() ? Ref::borrow(kept->second) : call_method(object, kSave);
  });
  if (rule.type->tp_hash != PyBaseObject_Type.tp_hash &&
      rule.type->tp_hash != PyObject_HashNotImplemented)
    refuse(std::string(kSave) + " in a class with a __hash__ of its own: use chkpt.register()");
  return reduced(make_bare, pack(rule.type, base), pack(value), set_bare);
}

}  // namespace

void set_customs(std::function<Customs()> one) { provider() = std::move(one); }
Customs current_customs() { return provider() ? provider()() : Customs{}; }
void begin_rehearsal() { rehearsing = true; }
bool is_rehearsal() { return rehearsing; }

bool is_filled_by_script(PyTypeObject* type) {
  return frames::is_python_class(type) && method_of(type, kSave);
}

Reduce custom_rule(Saver& saver, Rule& rule) {
  if (rehearsing && rule.type == stand_in_type()) return reduce_stand_in;
  if (PyObject* registered = saver.customs().registered.get())
    if (PyObject* functions = PyDict_GetItemWithError(registered, raw(rule.type))) {
      rule.custom = Ref::borrow(functions);
      return reduce_registered;
    }
  return is_filled_by_script(rule.type) ? reduce_filled_by_script : nullptr;
}

namespace {

bool holds_excluded(Saver& saver, PyObject* value, int depth) {
  if (saver.is_excluded(value)) return true;
  if (!PyTuple_CheckExact(value) || depth == 0) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); ++i)
    if (holds_excluded(saver, PyTuple_GET_ITEM(value, i), depth - 1)) return true;
  return false;
}

}  // namespace

void check_not_made_from_excluded(Saver& saver, PyObject* object, const Ref& value) {
  constexpr int kDepth = 3;
  if (!PyTuple_Check(value.get()) || PyTuple_Check(object)) return;  // named tuples hold anything
  bool found = holds_excluded(saver, item(value, 1), kDepth);
  if (PyTuple_GET_SIZE(value.get()) > 2) {
    PyObject* state = item(value, 2);
    found = found || saver.is_excluded(state);
    // The __dict__ of an instance, what an iterator goes through. Values that an object merely
    // holds are further inside, but for cells and what __chkpt_save__ gives.
    const bool holds_anything = PyCell_Check(object) || is_filled_by_script(Py_TYPE(object));
    if (!holds_anything) found = found || holds_excluded(saver, state, 1);
  }
  if (found) refuse("it is made from an object that chkpt.exclude() was given: exclude it as well");
}

}  // namespace chkpt::heap
