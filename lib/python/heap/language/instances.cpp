// SPDX-License-Identifier: BSD-3-Clause
// Instances of Python classes: raw state, taken past every hook of the class, because this is a
// continuation and not a transfer. The common class (no hook in the way) goes as NEWOBJ and BUILD,
// which the C pickler and unpickler do without calling back into us.
#include <Python.h>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// The C pickler knows the default constructor by this name alone and writes NEWOBJ for it.
PyObject* newobj_marker() {
  static PyMethodDef definition = {"__newobj__", nullptr, METH_NOARGS, nullptr};
  static PyObject* const function = PyCFunction_New(&definition, nullptr);
  return function;
}

Ref slots_as_dict(PyObject* object, const Rule& rule) {
  Ref dict;
  for (const Slot& slot : rule.layout.slots) {
    PyObject* value = slot_value(object, slot);
    if (!value) continue;
    if (!dict) dict = new_dict();
    put(dict, slot.name, Ref::borrow(value));
  }
  return dict;
}

Ref slots_as_tuple(PyObject* object, const Rule& rule) {
  if (rule.layout.slots.empty()) return none();
  const auto size = static_cast<Py_ssize_t>(rule.layout.slots.size());
  const Ref values = own(PyTuple_New(size));
  for (Py_ssize_t i = 0; i < size; ++i) {
    PyObject* value = slot_value(object, rule.layout.slots[static_cast<std::size_t>(i)]);
    PyTuple_SET_ITEM(values.get(), i, Py_NewRef(value ? value : frames::null_marker()));
  }
  return values;
}

// Someone besides the instance holds its __dict__ (one reference is the instance's, one ours), or
// the dict is filled last: the dict object itself is then part of the state.
bool must_stay(Saver& saver, const Ref& dict) {
  return Py_REFCNT(dict.get()) > 2 || saver.fills_late(dict.get());
}

Ref rebuild_object(Args args) {
  auto* type = reinterpret_cast<PyTypeObject*>(args[0]);
  if (!PyType_Check(args[0])) broken("a saved object's class is not a class");
  auto* base = reinterpret_cast<PyTypeObject*>(args[1]);
  return own(base->tp_new(type, args[2], nullptr));
}
const Rebuilder make_object{"object", guarded<rebuild_object>};

Ref fill_object(Args args) {
  restore_instance_state(args[0], args[1]);
  return none();
}
const Rebuilder set_object{"object.state", guarded<fill_object>};

Ref fill_names(Args args) {
  restore_plain_state(args[0], args[1]);
  return none();
}
const Rebuilder set_names{"object.names", guarded<fill_names>};

Ref empty_tuple() { return own(PyTuple_New(0)); }

Ref rebuild_namespace(Args args) { return call(args[0]); }
const Rebuilder make_namespace{"namespace", guarded<rebuild_namespace>};

// With all that there is to say of an instance.
Ref reduced_whole(Saver& saver, PyObject* object, Rule& rule) {
  return reduced(make_object, pack(rule.type, &PyBaseObject_Type, empty_tuple()),
                 instance_state(saver, object, rule), set_object);
}

}  // namespace

// types.SimpleNamespace itself: somebody may hold its __dict__.
Ref reduce_namespace(Saver& saver, PyObject* object, Rule& rule) {
  if (!rule.layout.native_base) rule.layout = layout_of(rule.type);
  return reduced(make_namespace, pack(rule.type), instance_state(saver, object, rule), set_object);
}

Ref instance_state(Saver& saver, PyObject* object, const Rule& rule) {
  Ref dict = rule.layout.has_dict ? instance_dict(object) : Ref();
  const bool shared = dict && must_stay(saver, dict);
  if (!dict || (!shared && PyDict_GET_SIZE(dict.get()) == 0)) dict = none();
  return pack(dict, slots_as_tuple(object, rule), boolean(shared));
}

void restore_instance_state(PyObject* object, PyObject* state) {
  PyObject* dict = item(state, 0);
  PyObject* slots = item(state, 1);
  if (is_true(item(state, 2))) {
    set_instance_dict(object, dict);
  } else if (dict != Py_None) {
    const Ref own_dict = instance_dict(object);
    if (!own_dict) broken("a saved object's class has lost its __dict__");
    ok(PyDict_Update(own_dict.get(), dict));
  }
  if (slots == Py_None) return;
  const Layout layout = layout_of(Py_TYPE(object));
  for (std::size_t i = 0; i < layout.slots.size(); ++i) {
    PyObject* value = item(slots, static_cast<Py_ssize_t>(i));
    set_slot_value(object, layout.slots[i], value == frames::null_marker() ? nullptr : value);
  }
}

Ref made_by_new(PyTypeObject* type) { return pack(newobj_marker(), pack(type)); }

Ref plain_state(PyObject* object, const Rule& rule) {
  Ref state = rule.layout.has_dict ? instance_dict(object) : Ref();
  if (!state || PyDict_GET_SIZE(state.get()) == 0) state = none();
  if (!rule.layout.slots.empty()) {
    const Ref slots = slots_as_dict(object, rule);
    if (slots) state = pack(state, slots);
  }
  return state;
}

void restore_plain_state(PyObject* object, PyObject* state) {
  PyObject* names = PyTuple_Check(state) ? item(state, 0) : state;
  if (names != Py_None) ok(PyDict_Update(instance_dict(object).get(), names));
  if (!PyTuple_Check(state)) return;
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(item(state, 1), &at, &name, &value);)
    ok(PyObject_GenericSetAttr(object, name, value));
}

Ref filled_unasked(const Ref& reduce_value) {
  constexpr Py_ssize_t kState = 2, kParts = 6;
  const Py_ssize_t size =
      PyTuple_Check(reduce_value.get()) ? PyTuple_GET_SIZE(reduce_value.get()) : 0;
  if (size <= kState || size == kParts || !PyDict_CheckExact(item(reduce_value, kState)))
    return reduce_value;
  const Ref whole = own(PyTuple_New(kParts));
  for (Py_ssize_t i = 0; i < kParts - 1; ++i)
    PyTuple_SET_ITEM(whole.get(), i, Py_NewRef(i < size ? item(reduce_value, i) : Py_None));
  PyTuple_SET_ITEM(whole.get(), kParts - 1, Py_NewRef(set_names.function()));
  return whole;
}

Ref reduce_plain(Saver& saver, PyObject* object, Rule& rule) {
  if (!rule.new_args) rule.new_args = pack(rule.type);
  if (const Ref dict = rule.layout.has_dict ? instance_dict(object) : Ref())
    if (must_stay(saver, dict)) return reduced_whole(saver, object, rule);
  if (saver.puts_off(object)) return pack(newobj_marker(), rule.new_args);
  return pack(newobj_marker(), rule.new_args, plain_state(object, rule));
}

Ref reduce_special(Saver& saver, PyObject* object, Rule& rule) {
  return reduced_whole(saver, object, rule);
}

}  // namespace chkpt::heap
