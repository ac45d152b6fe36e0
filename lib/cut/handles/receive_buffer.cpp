// SPDX-License-Identifier: BSD-3-Clause
// mpi4py's Request keeps a message object that keeps an MPI.memory, whose `obj` is the script's
// object. After a resume a capsule of ours with the exported buffer stands in the message's place.
#include "cut/handles/receive_buffer.hpp"

#include <memory>

#include "cut/handles/plain_objects.hpp"
#include "mpi/session.hpp"

namespace chkpt::cut::handles {
namespace {

using mpi::check;

constexpr const char* kCapsule = "chkpt.receive_buffer";

void release_export(PyObject* capsule) {
  auto* view = static_cast<Py_buffer*>(PyCapsule_GetPointer(capsule, kCapsule));
  if (!view) return PyErr_Clear();
  PyBuffer_Release(view);
  delete view;
}

// A capsule that exports `owner`'s buffer as long as it lives.
HeldBuffer export_of(PyObject* owner, bool written) {
  auto view = std::make_unique<Py_buffer>();
  const int access = written ? PyBUF_WRITABLE : 0;
  checked(PyObject_GetBuffer(owner, view.get(), PyBUF_ANY_CONTIGUOUS | access));
  PyObject* capsule = PyCapsule_New(view.get(), kCapsule, release_export);
  if (!capsule) {
    PyBuffer_Release(view.get());
    throw_pending_exception();
  }
  HeldBuffer held;
  held.address = view.release()->buf;
  held.holder = Ref::steal(capsule);
  return held;
}

struct Memory {
  Ref owner;
  char* address = nullptr;
  Py_ssize_t size = 0;
};

Memory memory_of_capsule(PyObject* capsule) {
  const auto* view = static_cast<Py_buffer*>(PyCapsule_GetPointer(capsule, kCapsule));
  if (!view) throw_pending_exception();
  return {Ref::borrow(view->obj), static_cast<char*>(view->buf), view->len};
}

Memory memory_of(PyObject* memory) {
  Memory m;
  m.owner = checked(PyObject_GetAttrString(memory, "obj"));
  const Ref address = checked(PyObject_GetAttrString(memory, "address"));
  const Ref size = checked(PyObject_GetAttrString(memory, "nbytes"));
  m.address = static_cast<char*>(PyLong_AsVoidPtr(address.get()));
  m.size = PyLong_AsSsize_t(size.get());
  if (PyErr_Occurred()) throw_pending_exception();
  return m;
}

// The MPI.memory within mpi4py's message object: one or two steps away.
Ref find_memory(const Module& m, PyObject* object, int steps) {
  if (m.kind_of(Py_TYPE(object)) == Kind::kMemory) return Ref::borrow(object);
  if (steps == 0) return nullptr;
  for (const Ref& next : referents(object)) {
    const bool internal = m.kind_of(Py_TYPE(next.get())) == Kind::kMemory ||
                          std::string(Py_TYPE(next.get())->tp_name).rfind("mpi4py.MPI._p_", 0) == 0;
    if (!internal) continue;
    if (Ref found = find_memory(m, next.get(), steps - 1)) return found;
  }
  return nullptr;
}

// From the first to past the last byte that the receive may touch, relative to its address.
struct Span {
  MPI_Aint begin = 0, end = 0;
};

Span span_of(const mpi::RequestInfo& info) {
  MPI_Aint lower = 0, extent = 0, true_lower = 0, true_extent = 0;
  check(PMPI_Type_get_extent(info.type, &lower, &extent), "MPI_Type_get_extent");
  check(PMPI_Type_get_true_extent(info.type, &true_lower, &true_extent),
        "MPI_Type_get_true_extent");
  Span span;
  if (info.count == 0 || true_extent == 0) return span;
  const MPI_Aint last = (info.count - 1) * extent;
  span.begin = true_lower + (last < 0 ? last : 0);
  span.end = true_lower + true_extent + (last > 0 ? last : 0);
  return span;
}

}  // namespace

Ref memory_over(const Module& m, PyObject* owner) {
  const Ref cls = m.attribute("memory");
  return checked(PyObject_CallMethod(cls.get(), "frombuffer", "OO", owner,
                                     PyBytes_CheckExact(owner) ? Py_True : Py_False));
}

ReceiveBuffer find_receive_buffer(const Module& m, PyObject* request,
                                  const mpi::RequestInfo& info) {
  PyObject* held = reinterpret_cast<RequestObject*>(request)->buffer;
  const Span span = span_of(info);
  ReceiveBuffer buffer;
  if (span.begin == span.end && !info.buffer) {
    buffer.owner = Ref::borrow(Py_None);
    return buffer;
  }
  Memory memory;
  if (held && PyCapsule_IsValid(held, kCapsule)) {
    memory = memory_of_capsule(held);
  } else {
    const Ref found = held ? find_memory(m, held, 2) : Ref();
    if (!found) throw CannotSave("a buffer whose object cannot be found");
    memory = memory_of(found.get());
    if (found.is(held)) buffer.kind = ReceiveBuffer::Kind::kPickle;
  }
  if (!memory.owner || memory.owner.is(Py_None)) {
    throw CannotSave("a buffer that is a bare address (MPI.BOTTOM)");
  }
  buffer.offset =
      span.begin == span.end ? 0 : static_cast<const char*>(info.buffer) - memory.address;
  if (buffer.offset + span.begin < 0 || buffer.offset + span.end > memory.size) {
    throw CannotSave("a buffer that is smaller than the message may be");
  }
  buffer.owner = memory.owner;
  if (buffer.kind == ReceiveBuffer::Kind::kPickle && PyBytes_CheckExact(memory.owner.get())) {
    buffer.kind = ReceiveBuffer::Kind::kAllocated;
    buffer.owner = checked(PyLong_FromSsize_t(memory.size));
  }
  return buffer;
}

HeldBuffer hold_receive_buffer(const Module& m, const ReceiveBuffer& buffer, bool written) {
  HeldBuffer held;
  held.holder = Ref::borrow(Py_None);  // mpi4py never expects a null there
  if (buffer.owner.is(Py_None)) return held;
  if (buffer.kind == ReceiveBuffer::Kind::kArray) {
    held = export_of(buffer.owner.get(), written);
  } else {
    Ref owner = buffer.owner;
    if (buffer.kind == ReceiveBuffer::Kind::kAllocated) {
      const Py_ssize_t size = PyLong_AsSsize_t(owner.get());
      if (size < 0) throw_pending_exception();
      owner = checked(PyBytes_FromStringAndSize(nullptr, size));
    }
    held.holder = memory_over(m, owner.get());
    held.address = memory_of(held.holder.get()).address;
  }
  held.address = static_cast<char*>(held.address) + buffer.offset;
  return held;
}

}  // namespace chkpt::cut::handles
