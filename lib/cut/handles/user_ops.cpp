// SPDX-License-Identifier: BSD-3-Clause
// mpi4py's list of callables cannot be reached by name. It is found by handing mpi4py a callable of
// ours for a moment: the one list that then refers to it, at the number of the Op just made, is it.
#include "cut/handles/user_ops.hpp"

#include <unordered_map>

#include "mpi/interpose/gate.hpp"
#include "mpi/session.hpp"
#include "python/frames/objects.hpp"

namespace chkpt::cut::handles {
namespace {

OpObject* op_object(PyObject* op) { return reinterpret_cast<OpObject*>(op); }

PyObject* never_called(PyObject*, PyObject*) { Py_RETURN_NONE; }
PyMethodDef g_marker_method = {"marker", never_called, METH_NOARGS, nullptr};

// An operation of ours that exists for a moment; the script's own MPI calls are not concerned.
class MarkerOp {
 public:
  explicit MarkerOp(const Module& m)
      : callable_(checked(PyCFunction_New(&g_marker_method, Py_None))) {
    // A function object of its own, found by identity among what mpi4py keeps.
    const Ref cls = m.attribute("Op");
    op_ = checked(PyObject_CallMethod(cls.get(), "Create", "O", callable_.get()));
  }
  ~MarkerOp() {
    const PendingException aside;
    const Ref done = Ref::steal(PyObject_CallMethod(op_.get(), "Free", nullptr));
    if (!done) PyErr_Clear();
  }
  MarkerOp(const MarkerOp&) = delete;
  MarkerOp& operator=(const MarkerOp&) = delete;

  PyObject* callable() const { return callable_.get(); }
  int id() const { return op_object(op_.get())->user_id; }

 private:
  Ref callable_;
  Ref op_;
};

bool holds_at(PyObject* object, int place, PyObject* what) {
  return PyList_CheckExact(object) && place > 0 && place < PyList_GET_SIZE(object) &&
         PyList_GET_ITEM(object, place) == what;
}

Ref find_callables(const Module& m) {
  const mpi::Depth not_the_scripts;
  const MarkerOp marker(m);
  const Ref gc = checked(PyImport_ImportModule("gc"));
  const Ref referrers =
      checked(PyObject_CallMethod(gc.get(), "get_referrers", "O", marker.callable()));
  if (frames::add_frozen_objects(referrers.get()) < 0) throw_pending_exception();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(referrers.get()); ++i) {
    PyObject* candidate = PyList_GET_ITEM(referrers.get(), i);
    if (holds_at(candidate, marker.id(), marker.callable())) return Ref::borrow(candidate);
  }
  throw CannotSave("an MPI.Op whose Python function cannot be found");
}

// One list for the life of the module; never destroyed, as Module.
PyObject* callables(const Module& m) {
  struct Found {
    PyObject* owner;
    Ref list;
  };
  static Found* found = nullptr;
  if (found == nullptr || found->owner != m.get()) found = new Found{m.get(), find_callables(m)};
  return found->list.get();
}

std::unordered_map<std::uint64_t, Ref>& made_ops() {
  static auto* table = new std::unordered_map<std::uint64_t, Ref>;
  return *table;
}

}  // namespace

Ref describe_user_op(const Module& m, PyObject* op) {
  if (!m.knows_user_ops()) throw CannotSave("a user-defined MPI.Op of this version of mpi4py");
  const int id = op_object(op)->user_id;
  if (id <= 0) throw CannotSave("an MPI.Op that was not made by MPI.Op.Create");
  PyObject* list = callables(m);
  PyObject* function = id < PyList_GET_SIZE(list) ? PyList_GET_ITEM(list, id) : Py_None;
  if (function == Py_None) throw CannotSave("an MPI.Op that was freed through another object");
  int commutes = 0;
  mpi::check(PMPI_Op_commutative(handle_in<MPI_Op>(op), &commutes), "MPI_Op_commutative");
  return checked(
      Py_BuildValue("(KOO)", handle_bits(Kind::kOp, op), function, commutes ? Py_True : Py_False));
}

void restore_user_op(PyObject* op, PyObject* payload) {
  unsigned long long old = 0;
  PyObject *function = nullptr, *commutes = nullptr;
  if (!PyArg_ParseTuple(payload, "KOO", &old, &function, &commutes)) throw_pending_exception();
  Ref& made = made_ops()[old];
  if (!made) {
    const Ref cls = Module::loaded()->attribute("Op");
    made = checked(PyObject_CallMethod(cls.get(), "Create", "OO", function, commutes));
  }
  op_object(op)->base.handle = op_object(made.get())->base.handle;
  op_object(op)->user_id = op_object(made.get())->user_id;
}

void forget_user_ops() { made_ops().clear(); }

}  // namespace chkpt::cut::handles
