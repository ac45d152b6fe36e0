// SPDX-License-Identifier: BSD-3-Clause
// A message that has been drained and a receive that would take it cannot both exist: the library
// had matched them. That is checked before a receive is posted again.
#include "cut/handles/postings.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "mpi/interpose/predefined_datatype.hpp"
#include "mpi/interpose/rebuild_datatype.hpp"
#include "mpi/interpose/sync_sends.hpp"
#include "mpi/session.hpp"

namespace chkpt::cut::handles {
namespace {

using mpi::check;
using mpi::RequestInfo;
using mpi::RequestKind;
using mpi::SendMode;

std::map<std::uint64_t, Posting>& postings() {
  static auto* table = new std::map<std::uint64_t, Posting>;
  return *table;
}

// Without an entry in the registry a request cannot be counted.
mpi::CommInfo& communicator(const Posting& p) {
  mpi::CommInfo* comm = mpi::registry().find(p.comm);
  if (!comm) throw PythonError("communicator " + p.comm + " has not been rebuilt");
  return *comm;
}

void check_not_drained(const RequestInfo& info) {
  for (const auto& message : info.comm->drained) {
    const bool source = info.peer == MPI_ANY_SOURCE || info.peer == message->source;
    const bool tag = info.tag == MPI_ANY_TAG || info.tag == message->tag;
    if (source && tag) {
      throw FormatError("a pending receive and the message it should have taken were both saved");
    }
  }
}

using SendInit = int (*)(const void*, int, MPI_Datatype, int, int, MPI_Comm, MPI_Request*);

SendInit send_init(SendMode mode) {
  switch (mode) {
    case SendMode::kStandard:
      return PMPI_Send_init;
    case SendMode::kSynchronous:
      return PMPI_Ssend_init;
    case SendMode::kBuffered:
      return PMPI_Bsend_init;
    case SendMode::kReady:
      return PMPI_Rsend_init;
  }
  throw PythonError("a persistent MPI request of an unknown kind");
}

MPI_Request make_handle(const RequestInfo& i) {
  MPI_Request request = MPI_REQUEST_NULL;
  const MPI_Comm comm = i.comm->handle;
  if (i.kind == RequestKind::kReceive) {
    check(PMPI_Irecv(i.buffer, i.count, i.type, i.peer, i.tag, comm, &request), "MPI_Irecv");
  } else if (i.kind == RequestKind::kPersistentReceive) {
    check(PMPI_Recv_init(i.buffer, i.count, i.type, i.peer, i.tag, comm, &request),
          "MPI_Recv_init");
  } else {
    check(send_init(i.mode)(i.buffer, i.count, i.type, i.peer, i.tag, comm, &request),
          "MPI_Send_init");
  }
  return request;
}

MPI_Request make_request(Posting& p) {
  MPI_Request request = make_handle(p.info);
  const std::uint64_t sync = std::exchange(p.info.sync, 0);
  mpi::requests().adopt(request, p.info);
  if (p.state == Posting::State::kHeld) {
    const MPI_Request persistent = request;
    check(mpi::sync_sends::make_stand_in(sync, &request, persistent), "MPI_Grequest_start");
  }
  if (p.state == Posting::State::kComplete) {
    check(mpi::complete_persistent(p.status, &request), "MPI_Grequest_start");
  } else if (p.state == Posting::State::kPending && mpi::is_persistent(p.info)) {
    check(PMPI_Start(&request), "MPI_Start");
  }
  return request;
}

void post(const Module& m, Posting& p) {
  RequestInfo& info = p.info;
  info.comm = &communicator(p);
  const bool waits = p.state == Posting::State::kPending;
  if (waits) check_not_drained(info);
  const bool written = mpi::is_receive(info);
  const HeldBuffer held = hold_receive_buffer(m, p.buffer, written);
  info.buffer = held.address;
  info.type = mpi::build_datatype(p.type);
  info.owns_type = !mpi::predefined_datatype_name(info.type);
  info.active = waits;
  const MPI_Request request = make_request(p);
  for (const Ref& object : p.requests) {
    handle_in<MPI_Request>(object.get()) = request;
    auto* fields = reinterpret_cast<RequestObject*>(object.get());
    Py_XSETREF(fields->buffer, held.holder.new_ref());
  }
}

bool can_be(const Posting& p) {
  const bool persistent = mpi::is_persistent(p.info);
  switch (p.state) {
    case Posting::State::kPending:
      return mpi::is_receive(p.info);
    case Posting::State::kInactive:
    case Posting::State::kComplete:
      return persistent;
    case Posting::State::kHeld:
      return p.info.kind == RequestKind::kPersistentSend && p.info.sync != 0;
  }
  return false;
}

void check_parsed(const Posting& p) {
  const bool known = p.info.kind == RequestKind::kReceive || mpi::is_persistent(p.info);
  if (!known || !can_be(p)) throw PythonError("an MPI.Request in a state that cannot be");
}

}  // namespace

std::string text_of(const RequestInfo& info) {
  const auto rank = [](int r) { return r == MPI_ANY_SOURCE ? "any source" : std::to_string(r); };
  const std::string tag = info.tag == MPI_ANY_TAG ? "any" : std::to_string(info.tag);
  const std::string comm = info.comm ? info.comm->id : "that has been freed";
  return (mpi::is_receive(info) ? "from " : "to ") + rank(info.peer) + " with tag " + tag +
         " on communicator " + comm;
}

Ref describe_posting(const Module& m, PyObject* request, const Posting& p) {
  const RequestInfo& info = p.info;
  if (!info.comm) throw CannotSave("its communicator has been freed");
  const ReceiveBuffer buffer = find_receive_buffer(m, request, info);
  const Bytes recipe = mpi::describe_datatype(info.type);
  return checked(Py_BuildValue(
      "(KKs#iiiiiy#Oniiy#K)", handle_bits(Kind::kRequest, request),
      static_cast<unsigned long long>(info.order), info.comm->id.data(),
      static_cast<Py_ssize_t>(info.comm->id.size()), static_cast<int>(info.kind),
      static_cast<int>(info.mode), info.peer, info.tag, info.count, recipe.data(),
      static_cast<Py_ssize_t>(recipe.size()), buffer.owner.get(), buffer.offset,
      static_cast<int>(buffer.kind), static_cast<int>(p.state),
      reinterpret_cast<const char*>(&p.status), static_cast<Py_ssize_t>(sizeof p.status),
      static_cast<unsigned long long>(info.sync)));
}

void note_posting(PyObject* request, PyObject* payload) {
  Posting p;
  unsigned long long key = 0, order = 0, sync = 0;
  const char *id = nullptr, *type = nullptr, *status = nullptr;
  Py_ssize_t id_size = 0, type_size = 0, status_size = 0, offset = 0;
  PyObject* owner = nullptr;
  int request_kind = 0, mode = 0, buffer_kind = 0, state = 0;
  if (!PyArg_ParseTuple(payload, "KKs#iiiiiy#Oniiy#K", &key, &order, &id, &id_size, &request_kind,
                        &mode, &p.info.peer, &p.info.tag, &p.info.count, &type, &type_size, &owner,
                        &offset, &buffer_kind, &state, &status, &status_size, &sync)) {
    throw_pending_exception();
  }
  if (status_size != sizeof p.status) {
    throw PythonError("an MPI.Request saved under another MPI library");
  }
  std::memcpy(&p.status, status, sizeof p.status);
  p.state = static_cast<Posting::State>(state);
  p.info.kind = static_cast<RequestKind>(request_kind);
  p.info.mode = static_cast<SendMode>(mode);
  p.info.order = order;
  p.info.sync = sync;
  p.comm.assign(id, static_cast<std::size_t>(id_size));
  p.type.assign(type, type + type_size);
  p.buffer.owner = Ref::borrow(owner);
  p.buffer.offset = offset;
  p.buffer.kind = static_cast<ReceiveBuffer::Kind>(buffer_kind);
  check_parsed(p);
  Posting& known = postings().emplace(key, std::move(p)).first->second;
  known.requests.push_back(Ref::borrow(request));
}

void make_noted_postings(const Module& m) {
  std::vector<Posting*> ordered;
  for (auto& entry : postings()) ordered.push_back(&entry.second);
  std::sort(ordered.begin(), ordered.end(),
            [](const Posting* a, const Posting* b) { return a->info.order < b->info.order; });
  for (Posting* p : ordered) post(m, *p);
}

void forget_postings() { postings().clear(); }

}  // namespace chkpt::cut::handles
