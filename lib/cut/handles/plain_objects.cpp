// SPDX-License-Identifier: BSD-3-Clause
#include "cut/handles/plain_objects.hpp"

#include <cstring>

#include "cut/handles/windows.hpp"
#include "mpi/interpose/allocations.hpp"

namespace chkpt::cut::handles {
namespace {

class Buffer {
 public:
  Buffer(PyObject* object, int flags) { checked(PyObject_GetBuffer(object, &view_, flags)); }
  ~Buffer() { PyBuffer_Release(&view_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  const Py_buffer* operator->() const { return &view_; }
  const Py_buffer& view() const { return view_; }

 private:
  Py_buffer view_;
};

// mpi4py's memory.allocate() keeps its block in an object of an internal class.
bool is_own_block(PyObject* object) {
  return std::strcmp(Py_TYPE(object)->tp_name, "mpi4py.MPI._p_mem") == 0;
}

// With the content of the whole block: nothing else need refer to it.
Ref describe_library_memory(const Py_buffer& view) {
  const auto* block = mpi::allocations::around(view.buf, static_cast<std::size_t>(view.len));
  if (!block) throw CannotSave("an MPI.memory at a bare address");
  const Py_ssize_t offset = static_cast<const char*>(view.buf) - block->base;
  return checked(Py_BuildValue("(Ky#nnO)", static_cast<unsigned long long>(block->number),
                               block->base, static_cast<Py_ssize_t>(block->size), offset, view.len,
                               view.readonly ? Py_True : Py_False));
}

Ref make_library_memory(const Ref& cls, PyObject* payload) {
  unsigned long long number = 0;
  const char* content = nullptr;
  Py_ssize_t size = 0, offset = 0, length = 0;
  PyObject* readonly = nullptr;
  if (!PyArg_ParseTuple(payload, "Ky#nnO", &number, &content, &size, &offset, &length, &readonly)) {
    throw_pending_exception();
  }
  if (offset < 0 || length < 0 || offset > size - length) {
    throw PythonError("an MPI.memory beyond the memory it was of");
  }
  const auto& block = mpi::allocations::made_again(number, static_cast<std::size_t>(size));
  std::memcpy(block.base, content, block.size);
  const Ref address = checked(PyLong_FromVoidPtr(block.base + offset));
  return checked(
      PyObject_CallMethod(cls.get(), "fromaddress", "OnO", address.get(), length, readonly));
}

struct PicklerFields {
  Ref dumps, loads, protocol;
};

// MPI.Pickle keeps its three functions private; its type visits them in the order of declaration.
PicklerFields fields_of(const Module& m, PyObject* pickler) {
  const Ref plain = checked(PyObject_CallNoArgs(m.attribute("Pickle").get()));
  const Ref pickle = checked(PyImport_ImportModule("pickle"));
  const Ref dumps = checked(PyObject_GetAttrString(pickle.get(), "dumps"));
  // A class of Python's derived from it visits more.
  const traverseproc traverse = m.base_of(Kind::kPickle)->tp_traverse;
  const std::vector<Ref> known = referents(plain.get(), traverse);
  const std::vector<Ref> own = referents(pickler, traverse);
  if (known.size() != 3 || own.size() != 3 || !known[0].is(dumps.get())) {
    throw CannotSave("an MPI.Pickle of this version of mpi4py");
  }
  return {own[0], own[1], own[2]};
}

}  // namespace

std::vector<Ref> referents(PyObject* object) {
  return referents(object, Py_TYPE(object)->tp_traverse);
}

std::vector<Ref> referents(PyObject* object, traverseproc traverse) {
  std::vector<Ref> found;
  if (!traverse) return found;
  traverse(
      object,
      [](PyObject* visited, void* list) {
        static_cast<std::vector<Ref>*>(list)->push_back(Ref::borrow(visited));
        return 0;
      },
      &found);
  return found;
}

Ref describe_memory(const Module& m, PyObject* memory, std::string* form) {
  const Ref owner = checked(PyObject_GetAttrString(memory, "obj"));
  const Buffer buffer(memory, PyBUF_SIMPLE);
  if (owner.is(Py_None) && buffer->len > 0) {
    *form = "library";
    return describe_library_memory(buffer.view());
  }
  if (owner.is(Py_None) || is_own_block(owner.get())) {
    *form = "allocated";
    return checked(PyBytes_FromStringAndSize(static_cast<const char*>(buffer->buf), buffer->len));
  }
  const bool of_window = m.kind_of(Py_TYPE(owner.get())) == Kind::kWin;
  if (of_window && handle_in<MPI_Win>(owner.get()) == MPI_WIN_NULL) {
    throw CannotSave("the memory of an RMA window that has been freed");
  }
  const Buffer whole(owner.get(), PyBUF_ANY_CONTIGUOUS);
  if (whole->buf != buffer->buf || whole->len != buffer->len) {
    if (of_window) {
      *form = "segment";
      if (Ref segment = describe_segment(owner.get(), buffer.view())) return segment;
    }
    throw CannotSave("an MPI.memory of a part of another object");
  }
  *form = "memory";
  return checked(Py_BuildValue("(OO)", owner.get(), buffer->readonly ? Py_True : Py_False));
}

Ref make_memory(const Module& m, const std::string& form, PyObject* payload) {
  const Ref cls = m.attribute("memory");
  if (form == "library") return make_library_memory(cls, payload);
  if (form == "memory") {
    return checked(PyObject_CallMethod(cls.get(), "frombuffer", "OO", PyTuple_GetItem(payload, 0),
                                       PyTuple_GetItem(payload, 1)));
  }
  const Py_ssize_t size = PyBytes_GET_SIZE(payload);
  if (size == 0) return checked(PyObject_CallNoArgs(cls.get()));
  Ref memory = checked(PyObject_CallMethod(cls.get(), "allocate", "n", size));
  const Buffer buffer(memory.get(), PyBUF_WRITABLE);
  std::memcpy(buffer->buf, PyBytes_AS_STRING(payload), static_cast<std::size_t>(size));
  return memory;
}

Ref describe_pickler(const Module& m, PyObject* pickler) {
  const PicklerFields f = fields_of(m, pickler);
  return checked(PyTuple_Pack(3, f.dumps.get(), f.loads.get(), f.protocol.get()));
}

Ref make_pickler(const Module& m, PyTypeObject* type, PyObject* payload) {
  const Ref nothing = checked(PyTuple_New(0));
  Ref pickler = checked(m.base_of(Kind::kPickle)->tp_new(type, nothing.get(), nullptr));
  const Ref init = checked(PyObject_GetAttrString(m.attribute("Pickle").get(), "__init__"));
  checked(PyObject_CallFunction(init.get(), "OOOO", pickler.get(), PyTuple_GetItem(payload, 0),
                                PyTuple_GetItem(payload, 1), PyTuple_GetItem(payload, 2)));
  return pickler;
}

Ref changed_pickler() {
  const Module* m = Module::loaded();
  if (!m || m->unknown_layout()) return Ref::borrow(Py_None);
  const Ref plain = checked(PyObject_CallNoArgs(m->attribute("Pickle").get()));
  const Ref used = m->attribute("pickle");
  if (m->kind_of(Py_TYPE(used.get())) != Kind::kPickle) return Ref::borrow(Py_None);
  const PicklerFields normal = fields_of(*m, plain.get());
  const PicklerFields own = fields_of(*m, used.get());
  const int same_protocol =
      checked(PyObject_RichCompareBool(own.protocol.get(), normal.protocol.get(), Py_EQ));
  if (own.dumps.is(normal.dumps.get()) && own.loads.is(normal.loads.get()) && same_protocol) {
    return Ref::borrow(Py_None);
  }
  return describe_pickler(*m, used.get());
}

void restore_changed_pickler(PyObject* payload) {
  const Module* m = Module::loaded();
  if (!m) throw PythonError("mpi4py.MPI is not loaded");
  const Ref used = m->attribute("pickle");
  const Ref init = checked(PyObject_GetAttrString(m->attribute("Pickle").get(), "__init__"));
  checked(PyObject_CallFunction(init.get(), "OOOO", used.get(), PyTuple_GetItem(payload, 0),
                                PyTuple_GetItem(payload, 1), PyTuple_GetItem(payload, 2)));
}

}  // namespace chkpt::cut::handles
