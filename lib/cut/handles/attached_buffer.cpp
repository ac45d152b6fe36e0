// SPDX-License-Identifier: BSD-3-Clause
// mpi4py keeps the object where nobody can ask for it; it gives it back with MPI.Detach_buffer().
#include "cut/handles/attached_buffer.hpp"

#include "cut/handles/stand_ins.hpp"
#include "mpi/interpose/allocations.hpp"
#include "mpi/interpose/attached_buffer.hpp"

namespace chkpt::cut::handles {
namespace {

// What a process that only looks at a state was given: it attaches nothing.
Ref& rehearsed() {
  static auto* object = new Ref;
  return *object;
}

void attach(const Module& m, PyObject* object) {
  checked(PyObject_CallMethod(m.get(), "Attach_buffer", "O", object));
}

}  // namespace

Ref save_attached_buffer() {
  if (using_stand_ins()) return rehearsed() ? rehearsed() : Ref::borrow(Py_None);
  const mpi::AttachedBuffer known = mpi::attached_buffer();
  const Module* m = Module::loaded();
  if (!known.address || !m) return Ref::borrow(Py_None);
  // At once: no message is in it.
  const Ref object = checked(PyObject_CallMethod(m->get(), "Detach_buffer", nullptr));
  attach(*m, object.get());
  const mpi::AttachedBuffer now = mpi::attached_buffer();
  if (now.address != known.address || now.size != known.size) {
    throw PythonError("the buffer for MPI_Bsend is not the one that was attached");
  }
  if (m->kind_of(Py_TYPE(object.get())) == Kind::kMemory) {
    const Ref owner = checked(PyObject_GetAttrString(object.get(), "obj"));
    const auto size = static_cast<std::size_t>(known.size);
    if (owner.is(Py_None) && !mpi::allocations::around(known.address, size)) {
      throw CannotSave("a buffer for MPI_Bsend that mpi4py did not attach");
    }
  }
  return object;
}

void restore_attached_buffer(PyObject* object) {
  if (using_stand_ins()) {
    rehearsed() = Ref::borrow(object);
    return;
  }
  const Module* m = Module::loaded();
  if (!m) throw PythonError("mpi4py.MPI is not loaded");
  attach(*m, object);
}

}  // namespace chkpt::cut::handles
