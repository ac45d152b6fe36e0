// SPDX-License-Identifier: BSD-3-Clause
// mprobe() gives the Message a bytes object of mpi4py's own for recv() to fill; what is in it
// before does not matter, only its size is saved.
#include "cut/handles/messages.hpp"

#include <unordered_map>

#include "mpi/interpose/matched.hpp"

namespace chkpt::cut::handles {
namespace {

constexpr Py_ssize_t kNoBuffer = -1;

// By the handle it had when it was saved: objects that share a message share it again.
std::unordered_map<std::uint64_t, MPI_Message>& restored() {
  static std::unordered_map<std::uint64_t, MPI_Message> table;
  return table;
}

Py_ssize_t allocated_size(PyObject* message) {
  PyObject* buffer = reinterpret_cast<MessageObject*>(message)->buffer;
  if (!buffer || buffer == Py_None) return kNoBuffer;
  if (!PyBytes_CheckExact(buffer)) throw CannotSave("an MPI.Message of this version of mpi4py");
  return PyBytes_GET_SIZE(buffer);
}

MPI_Message make_handle(const char* id, mpi::Drained message) {
  mpi::CommInfo* comm = mpi::registry().find(mpi::CommId(id));
  if (!comm) throw PythonError(std::string("communicator ") + id + " has not been rebuilt");
  return mpi::matched::hold(*comm, std::make_shared<mpi::Drained>(std::move(message)));
}

}  // namespace

Ref describe_message(PyObject* message) {
  const auto* held = mpi::matched::find(handle_in<MPI_Message>(message));
  if (!held) {
    throw CannotSave("a matched message chkpt does not follow (received through another object)");
  }
  if (!held->comm) throw CannotSave("a matched message of a communicator that has been freed");
  if (!held->drained || !held->drained->ready) {
    throw CannotSave("a matched message that is still arriving");
  }
  const mpi::Drained& content = *held->drained;
  const Ref data =
      checked(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(content.data.data()),
                                        static_cast<Py_ssize_t>(content.data.size())));
  return checked(Py_BuildValue("(KsiiOnKi)", handle_bits(Kind::kMessage, message),
                               held->comm->id.c_str(), content.source, content.tag, data.get(),
                               allocated_size(message),
                               static_cast<unsigned long long>(content.ack), content.ack_to));
}

void restore_message(PyObject* message, PyObject* payload) {
  unsigned long long key = 0, ack = 0;
  const char *id = nullptr, *data = nullptr;
  Py_ssize_t size = 0, allocated = kNoBuffer;
  mpi::Drained content;
  if (!PyArg_ParseTuple(payload, "Ksiiy#nKi", &key, &id, &content.source, &content.tag, &data,
                        &size, &allocated, &ack, &content.ack_to)) {
    throw_pending_exception();
  }
  content.data.assign(data, data + size);
  content.ack = ack;
  const auto known = restored().find(key);
  if (known == restored().end()) restored()[key] = make_handle(id, std::move(content));
  handle_in<MPI_Message>(message) = restored()[key];
  if (allocated == kNoBuffer) return;
  Ref buffer = checked(PyBytes_FromStringAndSize(nullptr, allocated));
  Py_XSETREF(reinterpret_cast<MessageObject*>(message)->buffer, buffer.release());
}

void check_messages_nameless() {
  mpi::matched::for_each([](mpi::matched::Matched& entry) {
    if (entry.number == 0) return;
    throw CannotSave("an MPI message that Fortran code has matched and knows by its number");
  });
}

void forget_restored_messages() { restored().clear(); }

}  // namespace chkpt::cut::handles
