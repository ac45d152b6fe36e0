// SPDX-License-Identifier: BSD-3-Clause
// mpi4py keeps a key's functions in a dict of the key's family; an attribute's value is the address
// of the Python object, or a plain number if the key is not for Python.
#include "cut/handles/attributes.hpp"

#include "cut/handles/objects.hpp"
#include "cut/handles/shared_handles.hpp"
#include "cut/handles/stand_ins.hpp"
#include "mpi/interpose/attributes.hpp"
#include "mpi/interpose/windows.hpp"
#include "mpi/session.hpp"

namespace chkpt::cut::handles {
namespace {

using mpi::attributes::Family;
using mpi::attributes::Key;

struct FamilyNames {
  Kind kind;
  const char* registry;
};
constexpr FamilyNames kFamilies[] = {
    {Kind::kComm, "Comm"}, {Kind::kDatatype, "Datatype"}, {Kind::kWin, "Win"}};

const FamilyNames& names_of(int family) {
  if (family < 0 || family > 2) throw PythonError("an MPI attribute of an unknown kind of object");
  return kFamilies[family];
}

// mpi4py's record of the key, or null if somebody else made it.
PyObject* record_of(PyObject* registry, const Key& key) {
  if (!registry || !PyDict_Check(registry)) return nullptr;
  PyObject* family =
      PyDict_GetItemString(registry, names_of(static_cast<int>(key.family)).registry);
  if (!family || !PyDict_Check(family))
    throw CannotSave("MPI attributes of this version of mpi4py");
  const Ref number = checked(PyLong_FromLong(key.number));
  PyObject* record = PyDict_GetItem(family, number.get());
  return record == key.state ? record : nullptr;
}

void append(const Ref& list, const Ref& item) {
  if (PyList_Append(list.get(), item.get()) != 0) throw_pending_exception();
}

struct Lists {
  Ref keys = checked(PyList_New(0));
  Ref values = checked(PyList_New(0));
};

Ref value_of(bool is_number, void* value) {
  if (is_number) return checked(PyLong_FromVoidPtr(value));
  return Ref::borrow(static_cast<PyObject*>(value));
}

// One entry of `values` for each object that has an attribute of this key.
void add_values(const Module& m, const Lists& lists, const Key& key, bool is_number) {
  void* value = nullptr;
  const auto add = [&](const Ref& whose) {
    append(lists.values, checked(Py_BuildValue("(iiOO)", static_cast<int>(key.family), key.number,
                                               whose.get(), value_of(is_number, value).get())));
  };
  const auto named = [](const mpi::CommId& id) {
    return checked(PyUnicode_FromString(id.c_str()));
  };
  if (key.family == Family::kComm) {
    mpi::registry().for_each([&](const mpi::CommInfo& comm) {
      if (mpi::attributes::get_of_comm(comm.handle, key, &value)) add(named(comm.id));
    });
  } else if (key.family == Family::kType) {
    mpi::attributes::for_each_type([&](MPI_Datatype type) {
      if (mpi::attributes::get_of_type(type, key, &value)) add(identity_of_type(m, type));
    });
  } else {
    mpi::windows::for_each([&](const mpi::WindowInfo& window) {
      if (mpi::attributes::get_of_window(window.handle, key, &value)) add(named(window.comm->id));
    });
  }
}

void add_key(const Module& m, PyObject* registry, const Lists& lists, const Key& key) {
  PyObject* record = record_of(registry, key);
  if (!record) {
    if (!key.copied) return;  // its owner makes it again
    throw CannotSave("an MPI attribute key that mpi4py did not make (" + key.place + ")");
  }
  const auto field = [&](const char* name) {
    return checked(PyObject_GetAttrString(record, name));
  };
  const Ref copy = field("copy_fn"), remove = field("delete_fn"), number = field("nopython");
  append(lists.keys, checked(Py_BuildValue("(iiOOO)", static_cast<int>(key.family), key.number,
                                           copy.get(), remove.get(), number.get())));
  add_values(m, lists, key, number.is(Py_True));
}

// What a process that only looks at a state was given: it has no keys.
Ref& rehearsed() {
  static auto* state = new Ref;
  return *state;
}

void make_key(const Module& m, PyObject* entry) {
  int family = 0, number = 0;
  PyObject *copy = nullptr, *remove = nullptr, *is_number = nullptr;
  if (!PyArg_ParseTuple(entry, "iiOOO", &family, &number, &copy, &remove, &is_number)) {
    throw_pending_exception();
  }
  mpi::attributes::give_next(number);
  const Ref cls = m.attribute(names_of(family).registry);
  const Ref made =
      checked(PyObject_CallMethod(cls.get(), "Create_keyval", "OOO", copy, remove, is_number));
  if (PyLong_AsLong(made.get()) != number) throw PythonError("an MPI attribute key got lost");
}

// The object as one of mpi4py's, for as long as the attribute is set.
template <class H, class Set>
void with_object(const Module& m, Kind kind, H handle, Set set) {
  const Ref object = blank(m, kind, m.base_of(kind));
  const H null = handle_in<H>(object.get());
  handle_in<H>(object.get()) = handle;
  try {
    set(object.get());
  } catch (...) {
    handle_in<H>(object.get()) = null;
    throw;
  }
  handle_in<H>(object.get()) = null;
}

void set_value(const Module& m, PyObject* entry) {
  int family = 0, number = 0;
  PyObject *whose = nullptr, *value = nullptr;
  if (!PyArg_ParseTuple(entry, "iiOO", &family, &number, &whose, &value)) throw_pending_exception();
  const auto set = [&](PyObject* object) {
    checked(PyObject_CallMethod(object, "Set_attr", "iO", number, value));
  };
  const Kind kind = names_of(family).kind;
  if (kind == Kind::kDatatype) {
    const MPI_Datatype type = type_of_identity(m, whose);
    if (type != MPI_DATATYPE_NULL) with_object(m, kind, type, set);
    return;
  }
  const char* id = PyUnicode_AsUTF8(whose);
  if (!id) throw_pending_exception();
  if (kind == Kind::kComm) {
    const mpi::CommInfo* comm = mpi::registry().find(mpi::CommId(id));
    if (!comm) throw PythonError(std::string("communicator ") + id + " has not been rebuilt");
    with_object(m, kind, comm->handle, set);
  } else {
    const mpi::WindowInfo* window = mpi::windows::find(mpi::CommId(id));
    if (!window) throw PythonError(std::string("window ") + id + " has not been rebuilt");
    with_object(m, kind, window->handle, set);
  }
}

void for_each_item(PyObject* list, const Module& m, void (*f)(const Module&, PyObject*)) {
  if (!PyList_Check(list)) throw PythonError("MPI attributes are not a list");
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) f(m, PyList_GET_ITEM(list, i));
}

}  // namespace

Ref save_attributes() {
  if (using_stand_ins()) return rehearsed() ? rehearsed() : Ref::borrow(Py_None);
  const Module* m = Module::loaded();
  if (!m || !mpi::session::active() || m->unknown_layout()) return Ref::borrow(Py_None);
  const Ref registry = Ref::steal(PyObject_GetAttrString(m->get(), "_keyval_registry"));
  if (!registry) PyErr_Clear();
  const Lists lists;
  mpi::attributes::for_each_key([&](const Key& key) { add_key(*m, registry.get(), lists, key); });
  if (PyList_GET_SIZE(lists.keys.get()) == 0) return Ref::borrow(Py_None);
  return checked(PyTuple_Pack(2, lists.keys.get(), lists.values.get()));
}

void restore_attributes(PyObject* state) {
  if (using_stand_ins()) {
    rehearsed() = Ref::borrow(state);
    return;
  }
  const Module* m = Module::loaded();
  if (!m) throw PythonError("mpi4py.MPI is not loaded");
  PyObject *keys = nullptr, *values = nullptr;
  if (!PyArg_ParseTuple(state, "OO", &keys, &values)) throw_pending_exception();
  for_each_item(keys, *m, make_key);
  for_each_item(values, *m, set_value);
}

}  // namespace chkpt::cut::handles
