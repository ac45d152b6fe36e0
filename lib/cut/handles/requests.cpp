// SPDX-License-Identifier: BSD-3-Clause
// A message that has been drained and a receive that would take it cannot both exist: the library
// had matched them. post_receives() checks that before it posts.
#include "cut/handles/requests.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "cut/handles/plain_objects.hpp"
#include "cut/handles/receive_buffer.hpp"
#include "mpi/interpose/predefined_datatype.hpp"
#include "mpi/interpose/rebuild_datatype.hpp"
#include "mpi/interpose/requests.hpp"
#include "mpi/session.hpp"

namespace chkpt::cut::handles {
namespace {

using mpi::check;

MPI_Request handle_of(PyObject* request) { return handle_in<MPI_Request>(request); }

std::unordered_set<MPI_Request>& described_receives() {
  static std::unordered_set<MPI_Request> set;
  return set;
}

// Many libraries answer calls that are complete at once with one static request. Two Request
// objects that hold it are not the same request.
bool is_complete_from_the_start(MPI_Request request) {
  MPI_Request probe = MPI_REQUEST_NULL;
  check(PMPI_Irecv(nullptr, 0, MPI_BYTE, MPI_PROC_NULL, 0, mpi::session::self(), &probe),
        "MPI_Irecv");
  const bool same = probe == request;
  check(PMPI_Wait(&probe, MPI_STATUS_IGNORE), "MPI_Wait");
  return same;
}

std::string text_of(const mpi::RequestInfo& info) {
  const auto rank = [](int r) { return r == MPI_ANY_SOURCE ? "any source" : std::to_string(r); };
  const std::string tag = info.tag == MPI_ANY_TAG ? "any" : std::to_string(info.tag);
  return "from " + rank(info.peer) + " with tag " + tag + " on communicator " + info.comm->id;
}

bool is_complete(MPI_Request request, MPI_Status* status) {
  int flag = 0;
  check(PMPI_Request_get_status(request, &flag, status), "MPI_Request_get_status");
  return flag != 0;
}

// What lower-case wait() unpickles: the buffer mpi4py allocated, up to the message's end, or the
// one the script gave to irecv().
Ref received_object(const Module& m, PyObject* request, const MPI_Status& status) {
  PyObject* held = reinterpret_cast<RequestObject*>(request)->buffer;
  if (!held || m.kind_of(Py_TYPE(held)) != Kind::kMemory) return Ref::borrow(Py_None);
  const Ref owner = checked(PyObject_GetAttrString(held, "obj"));
  if (!PyBytes_CheckExact(owner.get())) return owner;
  int count = 0;
  check(PMPI_Get_count(&status, MPI_BYTE, &count), "MPI_Get_count");
  if (count == MPI_UNDEFINED || count < 0 || count > PyBytes_GET_SIZE(owner.get())) count = 0;
  return checked(PyBytes_FromStringAndSize(PyBytes_AS_STRING(owner.get()), count));
}

Ref describe_done(const Module& m, PyObject* request, const MPI_Status& status) {
  const MPI_Request handle = handle_of(request);
  const std::uint64_t key =
      is_complete_from_the_start(handle) ? 0 : handle_bits(Kind::kRequest, request);
  const Ref received = received_object(m, request, status);
  return checked(Py_BuildValue("(Ky#O)", key, reinterpret_cast<const char*>(&status),
                               static_cast<Py_ssize_t>(sizeof status), received.get()));
}

Ref describe_receive(const Module& m, PyObject* request, const mpi::RequestInfo& info) {
  const ReceiveBuffer buffer = find_receive_buffer(m, request, info);
  const Bytes recipe = mpi::describe_datatype(info.type);
  Ref payload = checked(
      Py_BuildValue("(KKs#iiiy#Oni)", handle_bits(Kind::kRequest, request),
                    static_cast<unsigned long long>(info.order), info.comm->id.data(),
                    static_cast<Py_ssize_t>(info.comm->id.size()), info.peer, info.tag, info.count,
                    recipe.data(), static_cast<Py_ssize_t>(recipe.size()), buffer.owner.get(),
                    buffer.offset, static_cast<int>(buffer.kind), Py_None));
  described_receives().insert(handle_of(request));
  return payload;
}

// ---------------------------------------------------------------- resumed process

struct Posting {
  std::uint64_t order = 0;
  mpi::CommId comm;
  int source = 0, tag = 0, count = 0;
  Bytes type;
  ReceiveBuffer buffer;
  std::vector<Ref> requests;  // the objects that share it
};

std::map<std::uint64_t, Posting>& postings() {
  static auto* table = new std::map<std::uint64_t, Posting>;
  return *table;
}

std::unordered_map<std::uint64_t, MPI_Request>& done_requests() {
  static std::unordered_map<std::uint64_t, MPI_Request> table;
  return table;
}

void check_not_drained(const mpi::CommInfo& comm, const Posting& p) {
  for (const auto& message : comm.drained) {
    const bool source = p.source == MPI_ANY_SOURCE || p.source == message->source;
    const bool tag = p.tag == MPI_ANY_TAG || p.tag == message->tag;
    if (source && tag) {
      throw FormatError("a pending receive and the message it should have taken were both saved");
    }
  }
}

void post(const Module& m, Posting& p) {
  mpi::CommInfo* comm = mpi::registry().find(p.comm);
  if (!comm) throw PythonError("communicator " + p.comm + " has not been rebuilt");
  check_not_drained(*comm, p);
  const HeldBuffer held = hold_receive_buffer(m, p.buffer);
  mpi::RequestInfo info;
  info.kind = mpi::RequestKind::kReceive;
  info.comm = comm;
  info.peer = p.source;
  info.tag = p.tag;
  info.buffer = held.address;
  info.count = p.count;
  info.type = mpi::build_datatype(p.type);
  info.owns_type = !mpi::predefined_datatype_name(info.type);
  info.order = p.order;
  MPI_Request request = MPI_REQUEST_NULL;
  check(PMPI_Irecv(info.buffer, info.count, info.type, info.peer, info.tag, comm->handle, &request),
        "MPI_Irecv");
  mpi::requests().adopt(request, info);
  for (const Ref& object : p.requests) {
    handle_in<MPI_Request>(object.get()) = request;
    auto* fields = reinterpret_cast<RequestObject*>(object.get());
    Py_XSETREF(fields->buffer, held.holder.new_ref());
  }
}

}  // namespace

Ref describe_request(const Module& m, PyObject* request, std::string* form) {
  const MPI_Request handle = handle_of(request);
  const mpi::RequestInfo* info = mpi::requests().find(handle);
  if (m.is_a(request, "Prequest")) throw CannotSave("a persistent MPI request");
  if (m.is_a(request, "Grequest")) throw CannotSave("a generalized MPI request");
  if (!info && !is_complete_from_the_start(handle)) {
    throw CannotSave(
        "an MPI request chkpt does not follow (completed through another object, or of a call that "
        "cannot be saved)");
  }
  MPI_Status status;
  std::memset(&status, 0, sizeof status);
  if (is_complete(handle, &status)) {
    *form = "done";
    return describe_done(m, request, status);
  }
  if (!info || info->kind != mpi::RequestKind::kReceive) {
    throw CannotSave("an MPI request that is neither complete nor a receive");
  }
  *form = "receive";
  try {
    return describe_receive(m, request, *info);
  } catch (const CannotSave& e) {
    throw CannotSave(std::string(e.what()) + " (a pending receive " + text_of(*info) + ")");
  }
}

void restore_done(const Module& m, PyObject* request, PyObject* payload) {
  unsigned long long key = 0;
  const char* bytes = nullptr;
  Py_ssize_t size = 0;
  PyObject* received = nullptr;
  if (!PyArg_ParseTuple(payload, "Ky#O", &key, &bytes, &size, &received)) throw_pending_exception();
  MPI_Status status;
  if (size != sizeof status) throw PythonError("an MPI.Request saved under another MPI library");
  std::memcpy(&status, bytes, sizeof status);
  const auto known = done_requests().find(key);
  if (key != 0 && known != done_requests().end()) {
    handle_in<MPI_Request>(request) = known->second;
  } else {
    check(mpi::make_completed_request(status, &handle_in<MPI_Request>(request)),
          "MPI_Grequest_start");
    if (key != 0) done_requests()[key] = handle_of(request);
  }
  if (received == Py_None) return;
  Ref memory = memory_over(m, received);
  Py_XSETREF(reinterpret_cast<RequestObject*>(request)->buffer, memory.release());
}

void note_receive(PyObject* request, PyObject* payload) {
  Posting p;
  unsigned long long key = 0, order = 0;
  const char *id = nullptr, *type = nullptr;
  Py_ssize_t id_size = 0, type_size = 0, offset = 0;
  PyObject* owner = nullptr;
  int kind = 0;
  if (!PyArg_ParseTuple(payload, "KKs#iiiy#Oni", &key, &order, &id, &id_size, &p.source, &p.tag,
                        &p.count, &type, &type_size, &owner, &offset, &kind)) {
    throw_pending_exception();
  }
  p.order = order;
  p.comm.assign(id, static_cast<std::size_t>(id_size));
  p.type.assign(type, type + type_size);
  p.buffer.owner = Ref::borrow(owner);
  p.buffer.offset = offset;
  p.buffer.kind = static_cast<ReceiveBuffer::Kind>(kind);
  Posting& known = postings().emplace(key, std::move(p)).first->second;
  known.requests.push_back(Ref::borrow(request));
}

void post_receives(const Module& m) {
  std::vector<Posting*> ordered;
  for (auto& entry : postings()) ordered.push_back(&entry.second);
  std::sort(ordered.begin(), ordered.end(),
            [](const Posting* a, const Posting* b) { return a->order < b->order; });
  for (Posting* p : ordered) post(m, *p);
  forget_restored_requests();
}

void forget_described_receives() { described_receives().clear(); }

void check_receives_described() {
  mpi::requests().for_each([](MPI_Request request, mpi::RequestInfo& info) {
    if (info.kind == mpi::RequestKind::kCompleted || info.counted) return;
    MPI_Status status;
    if (is_complete(request, &status)) return;
    if (info.kind != mpi::RequestKind::kReceive) {
      throw CannotSave("an MPI request that is neither complete nor a receive");
    }
    if (described_receives().count(request) == 0) {
      throw CannotSave("a pending receive " + text_of(info) +
                       " whose Request object the script no longer has");
    }
  });
}

void forget_restored_requests() {
  postings().clear();
  done_requests().clear();
}

}  // namespace chkpt::cut::handles
