// SPDX-License-Identifier: BSD-3-Clause
#include "cut/handles/generalized.hpp"

#include <cstring>
#include <map>

#include "cut/handles/plain_objects.hpp"
#include "cut/handles/stand_ins.hpp"

namespace chkpt::cut::handles {
namespace {

using mpi::RequestInfo;
using mpi::RequestKind;

// Objects made so far, by the handle they had.
std::map<std::uint64_t, std::vector<Ref>>& noted() {
  static auto* table = new std::map<std::uint64_t, std::vector<Ref>>;
  return *table;
}

Ref& rehearsed() {
  static auto* state = new Ref;
  return *state;
}

std::uint64_t bits_of(MPI_Request request) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &request, sizeof request);
  return bits;
}

bool is_mpi4pys(const Module& m, const RequestInfo& info) {
  return m.knows_grequests() && m.contains(reinterpret_cast<const void*>(info.query));
}

// mpi4py's state of the request keeps its fields private; its type visits them in the order of
// declaration.
std::vector<Ref> fields_of(void* state) {
  auto* object = static_cast<PyObject*>(state);
  std::vector<Ref> fields = referents(object);
  if (std::strcmp(Py_TYPE(object)->tp_name, "mpi4py.MPI._p_greq") != 0 || fields.size() != 5 ||
      !PyTuple_Check(fields[3].get()) || !PyDict_Check(fields[4].get())) {
    throw CannotSave("a generalized MPI request of this version of mpi4py");
  }
  return fields;
}

// A new one in the place of all objects that shared the old handle.
void make(const Module& m, PyObject* entry) {
  unsigned long long key = 0;
  PyObject *query = nullptr, *release = nullptr, *cancel = nullptr, *args = nullptr;
  PyObject* kargs = nullptr;
  int complete = 0;
  if (!PyArg_ParseTuple(entry, "KOOOOOp", &key, &query, &release, &cancel, &args, &kargs,
                        &complete)) {
    throw_pending_exception();
  }
  const auto objects = noted().find(key);
  if (objects == noted().end()) return;  // the script has no object of it
  const Ref made = checked(PyObject_CallMethod(m.attribute("Grequest").get(), "Start", "OOOOO",
                                               query, release, cancel, args, kargs));
  auto* fields = reinterpret_cast<GrequestObject*>(made.get());
  const MPI_Request handle = fields->generalized;
  if (!mpi::requests().find(handle)) {
    throw PythonError("a generalized MPI request was not noticed");
  }
  if (complete) checked(PyObject_CallMethod(made.get(), "Complete", nullptr));
  for (const Ref& object : objects->second) {
    handle_in<MPI_Request>(object.get()) = handle;
    if (m.is_a(object.get(), "Grequest")) {
      reinterpret_cast<GrequestObject*>(object.get())->generalized = handle;
    }
  }
  handle_in<MPI_Request>(made.get()) = MPI_REQUEST_NULL;
}

}  // namespace

Ref describe_generalized(const Module& m, PyObject* request, const RequestInfo& info) {
  if (!is_mpi4pys(m, info)) throw CannotSave("a generalized MPI request not made by mpi4py");
  return checked(PyLong_FromUnsignedLongLong(handle_bits(Kind::kRequest, request)));
}

void note_generalized(PyObject* request, PyObject* payload) {
  const std::uint64_t key = PyLong_AsUnsignedLongLong(payload);
  if (PyErr_Occurred()) throw_pending_exception();
  noted()[key].push_back(Ref::borrow(request));
}

Ref save_generalized() {
  if (using_stand_ins()) return rehearsed() ? rehearsed() : Ref::borrow(Py_None);
  const Module* m = Module::loaded();
  Ref list = checked(PyList_New(0));
  mpi::requests().for_each([&](MPI_Request request, RequestInfo& info) {
    if (info.kind != RequestKind::kGeneralized || !m || !is_mpi4pys(*m, info)) return;
    const std::vector<Ref> f = fields_of(info.buffer);
    const Ref entry =
        checked(Py_BuildValue("(KOOOOOO)", bits_of(request), f[0].get(), f[1].get(), f[2].get(),
                              f[3].get(), f[4].get(), info.counted ? Py_True : Py_False));
    if (PyList_Append(list.get(), entry.get()) != 0) throw_pending_exception();
  });
  return PyList_GET_SIZE(list.get()) == 0 ? Ref::borrow(Py_None) : list;
}

void restore_generalized(PyObject* state) {
  if (using_stand_ins()) {
    rehearsed() = Ref::borrow(state);
    return;
  }
  const Module* m = Module::loaded();
  if (!m || !PyList_Check(state)) throw PythonError("generalized MPI requests cannot be made");
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(state); ++i) make(*m, PyList_GET_ITEM(state, i));
  forget_noted_generalized();
}

void forget_noted_generalized() { noted().clear(); }

}  // namespace chkpt::cut::handles
