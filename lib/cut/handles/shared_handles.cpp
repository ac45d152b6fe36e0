// SPDX-License-Identifier: BSD-3-Clause
#include "cut/handles/shared_handles.hpp"

#include <string>
#include <unordered_map>
#include <vector>

#include "cut/handles/objects.hpp"
#include "mpi/interpose/extra_references.hpp"
#include "mpi/interpose/fortran_numbers.hpp"
#include "mpi/interpose/rebuild_communicator.hpp"
#include "mpi/interpose/rebuild_datatype.hpp"
#include "mpi/session.hpp"

namespace chkpt::cut::handles {
namespace {

using mpi::check;
namespace extra_references = mpi::extra_references;

// Handles made during this load, by the handle they had when they were saved.
template <class H>
std::unordered_map<std::uint64_t, H>& made() {
  static std::unordered_map<std::uint64_t, H> table;
  return table;
}

template <class H, class Make>
H shared(std::uint64_t old_handle, Make make) {
  const auto found = made<H>().find(old_handle);
  if (found != made<H>().end()) return found->second;
  return made<H>()[old_handle] = make();
}

// Each object may be freed by itself: the script may have got the handle as often.
template <class H, class Make>
H counted(extra_references::Counted kind, std::uint64_t old_handle, Make make) {
  const bool is_another = made<H>().count(old_handle) != 0;
  const H handle = shared<H>(old_handle, make);
  if (is_another) extra_references::add(kind, mpi::fortran_numbers::bits_of(handle));
  return handle;
}

Ref integers(const std::vector<int>& list) {
  Ref result = checked(PyTuple_New(static_cast<Py_ssize_t>(list.size())));
  for (std::size_t i = 0; i < list.size(); ++i) {
    PyTuple_SET_ITEM(result.get(), static_cast<Py_ssize_t>(i),
                     checked(PyLong_FromLong(list[i])).release());
  }
  return result;
}

Ref info_value(MPI_Info info, const char* key) {
  int length = 0, found = 0;
  check(PMPI_Info_get_valuelen(info, key, &length, &found), "MPI_Info_get_valuelen");
  std::string value(static_cast<std::size_t>(length) + 1, '\0');
  check(PMPI_Info_get(info, key, length, value.data(), &found), "MPI_Info_get");
  return checked(PyBytes_FromStringAndSize(value.data(), length));
}

MPI_Group make_group(PyObject* ranks) {
  std::vector<int> members;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(ranks); ++i) {
    members.push_back(static_cast<int>(PyLong_AsLong(PyTuple_GET_ITEM(ranks, i))));
  }
  if (PyErr_Occurred()) throw_pending_exception();
  MPI_Group world = MPI_GROUP_NULL, group = MPI_GROUP_NULL;
  check(PMPI_Comm_group(MPI_COMM_WORLD, &world), "MPI_Comm_group");
  const int rc = PMPI_Group_incl(world, static_cast<int>(members.size()), members.data(), &group);
  PMPI_Group_free(&world);
  check(rc, "MPI_Group_incl");
  return group;
}

MPI_Info make_info(PyObject* entries) {
  MPI_Info info = MPI_INFO_NULL;
  check(PMPI_Info_create(&info), "MPI_Info_create");
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(entries); ++i) {
    const char *key = nullptr, *value = nullptr;
    if (!PyArg_ParseTuple(PyTuple_GET_ITEM(entries, i), "yy", &key, &value)) {
      throw_pending_exception();
    }
    check(PMPI_Info_set(info, key, value), "MPI_Info_set");
  }
  return info;
}

}  // namespace

Ref describe_group(PyObject* object) {
  const Ref ranks = integers(mpi::members_in_world(handle_in<MPI_Group>(object)));
  return checked(Py_BuildValue("(KO)", handle_bits(Kind::kGroup, object), ranks.get()));
}

void restore_group(PyObject* object, PyObject* payload) {
  unsigned long long old = 0;
  PyObject* ranks = nullptr;
  if (!PyArg_ParseTuple(payload, "KO!", &old, &PyTuple_Type, &ranks)) throw_pending_exception();
  handle_in<MPI_Group>(object) =
      counted<MPI_Group>(extra_references::Counted::kGroup, old, [&] { return make_group(ranks); });
}

Ref describe_type(PyObject* object) {
  const Bytes recipe = mpi::describe_datatype(handle_in<MPI_Datatype>(object));
  return checked(Py_BuildValue("(Ky#)", handle_bits(Kind::kDatatype, object), recipe.data(),
                               static_cast<Py_ssize_t>(recipe.size())));
}

void restore_type(PyObject* object, PyObject* payload) {
  unsigned long long old = 0;
  const char* recipe = nullptr;
  Py_ssize_t size = 0;
  if (!PyArg_ParseTuple(payload, "Ky#", &old, &recipe, &size)) throw_pending_exception();
  handle_in<MPI_Datatype>(object) =
      counted<MPI_Datatype>(extra_references::Counted::kType, old, [&] {
        return mpi::build_datatype({recipe, static_cast<std::size_t>(size)});
      });
}

Ref identity_of_type(const Module& m, MPI_Datatype type) {
  const Ref object = blank(m, Kind::kDatatype, m.base_of(Kind::kDatatype));
  const MPI_Datatype null = handle_in<MPI_Datatype>(object.get());
  handle_in<MPI_Datatype>(object.get()) = type;
  const char* name = m.twin_of(Kind::kDatatype, object.get());
  const std::uint64_t bits = handle_bits(Kind::kDatatype, object.get());
  handle_in<MPI_Datatype>(object.get()) = null;
  return name ? m.attribute(name) : checked(PyLong_FromUnsignedLongLong(bits));
}

MPI_Datatype type_of_identity(const Module& m, PyObject* identity) {
  if (m.kind_of(Py_TYPE(identity)) == Kind::kDatatype) return handle_in<MPI_Datatype>(identity);
  const std::uint64_t bits = PyLong_AsUnsignedLongLong(identity);
  if (PyErr_Occurred()) throw_pending_exception();
  const auto found = made<MPI_Datatype>().find(bits);
  return found == made<MPI_Datatype>().end() ? MPI_DATATYPE_NULL : found->second;
}

Ref describe_info(PyObject* object) {
  const MPI_Info info = handle_in<MPI_Info>(object);
  int n = 0;
  check(PMPI_Info_get_nkeys(info, &n), "MPI_Info_get_nkeys");
  Ref entries = checked(PyTuple_New(n));
  for (int i = 0; i < n; ++i) {
    char key[MPI_MAX_INFO_KEY + 1] = "";
    check(PMPI_Info_get_nthkey(info, i, key), "MPI_Info_get_nthkey");
    const Ref value = info_value(info, key);
    PyTuple_SET_ITEM(entries.get(), i, checked(Py_BuildValue("(yO)", key, value.get())).release());
  }
  return checked(Py_BuildValue("(KO)", handle_bits(Kind::kInfo, object), entries.get()));
}

void restore_info(PyObject* object, PyObject* payload) {
  unsigned long long old = 0;
  PyObject* entries = nullptr;
  if (!PyArg_ParseTuple(payload, "KO!", &old, &PyTuple_Type, &entries)) throw_pending_exception();
  handle_in<MPI_Info>(object) = shared<MPI_Info>(old, [&] { return make_info(entries); });
}

void forget_shared_handles() {
  made<MPI_Group>().clear();
  made<MPI_Datatype>().clear();
  made<MPI_Info>().clear();
}

}  // namespace chkpt::cut::handles
