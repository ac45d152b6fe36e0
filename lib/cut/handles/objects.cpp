// SPDX-License-Identifier: BSD-3-Clause
// The forms a description can have:
//   name      the object mpi4py itself keeps under that name
//   like      another object with the handle of a named one (MPI.INT, MPI.COMM_NULL, ...)
//   comm      identity in the registry              group     old handle, world ranks
//   type      old handle, recipe                    op        old handle, callable, commutative
//   info      old handle, keys and values           status    the status itself
//   done, posted, held                              see requests.hpp
//   generalized                                     see generalized.hpp
//   message   see messages.hpp                      window    see windows.hpp
//   file      see open_files.hpp
//   memory, allocated, segment, pickler             mpi4py's buffer and pickle objects
#include "cut/handles/objects.hpp"

#include <cstring>
#include <optional>

#include "cut/handles/generalized.hpp"
#include "cut/handles/messages.hpp"
#include "cut/handles/open_files.hpp"
#include "cut/handles/plain_objects.hpp"
#include "cut/handles/postings.hpp"
#include "cut/handles/requests.hpp"
#include "cut/handles/shared_handles.hpp"
#include "cut/handles/user_ops.hpp"
#include "cut/handles/windows.hpp"
#include "mpi/interpose/extra_references.hpp"
#include "mpi/interpose/fortran_numbers.hpp"
#include "mpi/interpose/registry.hpp"

namespace chkpt::cut::handles {
namespace {

Module& module() {
  Module* m = Module::loaded();
  if (!m) throw PythonError("mpi4py.MPI is not loaded");
  return *m;
}

Ref text(const char* s) { return checked(PyUnicode_FromString(s)); }

// ---------------------------------------------------------------- describing

Ref describe_comm(PyObject* object) {
  const mpi::CommInfo* info = mpi::registry().find(handle_in<MPI_Comm>(object));
  if (!info) {
    throw CannotSave(
        "an MPI communicator chkpt does not follow (of processes outside this job, or freed "
        "through "
        "another object)");
  }
  return checked(
      PyUnicode_FromStringAndSize(info->id.data(), static_cast<Py_ssize_t>(info->id.size())));
}

// mpi4py compares statuses byte by byte, so they are kept byte by byte.
Ref describe_status(PyObject* object) {
  const MPI_Status& status = handle_in<MPI_Status>(object);
  return checked(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(&status), sizeof status));
}

struct Form {
  std::string name;
  Ref payload;
};

Form describe_by_kind(const Module& m, Kind kind, PyObject* object) {
  switch (kind) {
    case Kind::kComm:
      return {"comm", describe_comm(object)};
    case Kind::kGroup:
      return {"group", describe_group(object)};
    case Kind::kDatatype:
      return {"type", describe_type(object)};
    case Kind::kOp:
      return {"op", describe_user_op(m, object)};
    case Kind::kInfo:
      return {"info", describe_info(object)};
    case Kind::kRequest: {
      Form form;
      form.payload = describe_request(m, object, &form.name);
      return form;
    }
    case Kind::kMessage:
      return {"message", describe_message(object)};
    case Kind::kWin:
      return {"window", describe_window(m, object)};
    case Kind::kFile:
      return {"file", describe_file(object)};
    default:
      throw CannotSave(std::string("an open MPI.") + kind_name(kind));
  }
}

Form describe_content(const Module& m, Kind kind, PyObject* object) {
  if (kind == Kind::kStatus) return {"status", describe_status(object)};
  if (kind == Kind::kPickle) return {"pickler", describe_pickler(m, object)};
  if (kind == Kind::kMemory) {
    Form form;
    form.payload = describe_memory(m, object, &form.name);
    return form;
  }
  if (const char* twin = m.twin_of(kind, object)) return {"like", text(twin)};
  return describe_by_kind(m, kind, object);
}

// An instance of the script's own class derived from mpi4py's: its attributes.
Ref instance_dict(const Module& m, Kind kind, PyObject* object) {
  PyTypeObject* base = m.base_of(kind);
  for (PyTypeObject* type = Py_TYPE(object); type && type != base; type = type->tp_base) {
    PyObject* members = PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) ? type->tp_dict : nullptr;
    PyObject *key = nullptr, *value = nullptr;
    for (Py_ssize_t at = 0; members && PyDict_Next(members, &at, &key, &value);) {
      if (Py_TYPE(value) == &PyMemberDescr_Type) {
        throw CannotSave(std::string("an object of class ") + type->tp_name +
                         ", which adds __slots__ to an mpi4py class");
      }
    }
  }
  if (Py_TYPE(object)->tp_dictoffset == 0) return Ref::borrow(Py_None);
  Ref dict = checked(PyObject_GenericGetDict(object, nullptr));
  return PyDict_GET_SIZE(dict.get()) == 0 ? Ref::borrow(Py_None) : dict;
}

// mpi4py's own: whether the object frees its handle when it goes.
unsigned int flags_of(Kind kind, PyObject* object) {
  unsigned int flags = 0;
  if (has_handle(kind)) {
    with_handle_type(kind, [&](auto tag) {
      using H = typename decltype(tag)::type;
      flags = reinterpret_cast<HandleObject<H>*>(object)->flags;
    });
  }
  return flags;
}

void set_flags(Kind kind, PyObject* object, unsigned int flags) {
  if (!has_handle(kind)) return;
  with_handle_type(kind, [&](auto tag) {
    using H = typename decltype(tag)::type;
    reinterpret_cast<HandleObject<H>*>(object)->flags = flags;
  });
}

// Communicators have theirs from the registry.
std::optional<mpi::fortran_numbers::Family> numbered_family(Kind kind) {
  using mpi::fortran_numbers::Family;
  if (kind == Kind::kGroup) return Family::kGroup;
  if (kind == Kind::kDatatype) return Family::kType;
  if (kind == Kind::kOp) return Family::kOp;
  if (kind == Kind::kInfo) return Family::kInfo;
  return std::nullopt;
}

int fortran_number(Kind kind, PyObject* object) {
  const auto family = numbered_family(kind);
  return family ? mpi::fortran_numbers::of_saved(*family, handle_bits(kind, object))
                : mpi::fortran_numbers::kNone;
}

void set_fortran_number(Kind kind, PyObject* object, int number) {
  const auto family = numbered_family(kind);
  if (!family || number == mpi::fortran_numbers::kNone) return;
  mpi::fortran_numbers::adopt(*family, handle_bits(kind, object), number);
}

// ---------------------------------------------------------------- making again

void restore_comm(PyObject* object, PyObject* payload) {
  const char* id = PyUnicode_AsUTF8(payload);
  if (!id) throw_pending_exception();
  const mpi::CommInfo* info = mpi::registry().find(mpi::CommId(id));
  if (!info) throw PythonError(std::string("communicator ") + id + " has not been rebuilt");
  handle_in<MPI_Comm>(object) = info->handle;
}

void restore_status(PyObject* object, PyObject* payload) {
  if (!PyBytes_Check(payload) || PyBytes_GET_SIZE(payload) != sizeof(MPI_Status)) {
    throw PythonError("an MPI.Status saved under another MPI library");
  }
  std::memcpy(&handle_in<MPI_Status>(object), PyBytes_AS_STRING(payload), sizeof(MPI_Status));
}

using Restore = void (*)(PyObject* object, PyObject* payload);
Restore simple_form(const std::string& form) {
  if (form == "comm") return restore_comm;
  if (form == "group") return restore_group;
  if (form == "type") return restore_type;
  if (form == "info") return restore_info;
  if (form == "status") return restore_status;
  if (form == "op") return restore_user_op;
  if (form == "message") return restore_message;
  if (form == "posted") return note_posting;
  if (form == "generalized") return note_generalized;
  if (form == "held") return restore_held;
  if (form == "window") return restore_window;
  if (form == "file") return restore_file;
  return nullptr;
}

// The script has got it from the library, and frees it as it would another.
void count_reference(Kind kind, PyObject* object) {
  using mpi::extra_references::Counted;
  if (kind == Kind::kGroup && handle_in<MPI_Group>(object) != MPI_GROUP_NULL)
    mpi::extra_references::add(Counted::kGroup, handle_bits(kind, object));
  if (kind == Kind::kErrhandler && handle_in<MPI_Errhandler>(object) != MPI_ERRHANDLER_NULL)
    mpi::extra_references::add(Counted::kErrhandler, handle_bits(kind, object));
}

Ref make_like(const Module& m, Kind kind, PyTypeObject* type, PyObject* payload) {
  const char* name = PyUnicode_AsUTF8(payload);
  if (!name) throw_pending_exception();
  const Ref named = m.attribute(name);
  if (m.kind_of(Py_TYPE(named.get())) != kind) {
    throw PythonError(std::string("mpi4py.MPI.") + name + " is of another kind now");
  }
  if (kind == Kind::kOp) {  // a predefined one carries a C function, too: mpi4py copies both
    const Ref arguments = checked(PyTuple_Pack(1, named.get()));
    return checked(m.base_of(kind)->tp_new(type, arguments.get(), nullptr));
  }
  Ref object = blank(m, kind, type);
  with_handle_type(kind, [&](auto tag) {
    using H = typename decltype(tag)::type;
    handle_in<H>(object.get()) = handle_in<H>(named.get());
  });
  count_reference(kind, object.get());
  return object;
}

Ref make_by_form(const Module& m, Kind kind, PyTypeObject* type, const std::string& form,
                 PyObject* payload) {
  if (form == "like") return make_like(m, kind, type, payload);
  if (form == "memory" || form == "allocated" || form == "library") {
    return make_memory(m, form, payload);
  }
  if (form == "segment") return make_segment(payload);
  if (form == "pickler") return make_pickler(m, type, payload);
  Ref object = blank(m, kind, type);
  if (form == "done") {
    restore_done(m, object.get(), payload);
  } else if (const Restore restore = simple_form(form)) {
    restore(object.get(), payload);
  } else {
    throw PythonError("an mpi4py object described by an unknown form: " + form);
  }
  return object;
}

}  // namespace

bool is_described(PyTypeObject* type) {
  const Module* m = Module::loaded();
  return m && m->kind_of(type) != Kind::kNone;
}

Ref blank(const Module& m, Kind kind, PyTypeObject* type) {
  const Ref nothing = checked(PyTuple_New(0));
  return checked(m.base_of(kind)->tp_new(type, nothing.get(), nullptr));
}

Ref describe(PyObject* object) {
  const Module& m = module();
  if (const char* why = m.unknown_layout()) throw CannotSave(why);
  if (const char* name = m.name_of(object)) {
    return checked(
        Py_BuildValue("(ssIOi)", "name", name, 0U, Py_None, mpi::fortran_numbers::kNone));
  }
  const Kind kind = m.kind_of(Py_TYPE(object));
  const Form form = describe_content(m, kind, object);
  const bool derivable = kind != Kind::kMemory;
  const Ref dict = derivable ? instance_dict(m, kind, object) : Ref::borrow(Py_None);
  return checked(Py_BuildValue("(sOIOi)", form.name.c_str(), form.payload.get(),
                               flags_of(kind, object), dict.get(), fortran_number(kind, object)));
}

Ref make_again(PyTypeObject* type, PyObject* description) {
  const Module& m = module();
  if (const char* why = m.unknown_layout()) throw PythonError(why);
  const char* form = nullptr;
  PyObject *payload = nullptr, *dict = nullptr;
  unsigned int flags = 0;
  int number = mpi::fortran_numbers::kNone;
  if (!PyArg_ParseTuple(description, "sOIOi", &form, &payload, &flags, &dict, &number)) {
    throw_pending_exception();
  }
  if (std::strcmp(form, "name") == 0) return checked(PyObject_GetAttr(m.get(), payload));
  const Kind kind = m.kind_of(type);
  Ref object = make_by_form(m, kind, type, form, payload);
  set_flags(kind, object.get(), flags);
  set_fortran_number(kind, object.get(), number);
  if (dict != Py_None) checked(PyObject_GenericSetDict(object.get(), dict, nullptr));
  return object;
}

void forget_made_handles() {
  forget_user_ops();
  forget_restored_requests();
  forget_restored_messages();
  forget_promised_windows();
}

}  // namespace chkpt::cut::handles
