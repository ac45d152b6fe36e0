// SPDX-License-Identifier: BSD-3-Clause
#include "cut/handles/requests.hpp"

#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "cut/handles/generalized.hpp"
#include "cut/handles/plain_objects.hpp"
#include "cut/handles/postings.hpp"
#include "mpi/interpose/requests.hpp"
#include "mpi/interpose/sync_sends.hpp"
#include "mpi/session.hpp"

namespace chkpt::cut::handles {
namespace {

using mpi::check;

MPI_Request handle_of(PyObject* request) { return handle_in<MPI_Request>(request); }

std::unordered_set<MPI_Request>& described_receives() {
  static std::unordered_set<MPI_Request> set;
  return set;
}

std::unordered_map<MPI_Request, PyObject*>& described_persistent() {
  static std::unordered_map<MPI_Request, PyObject*> table;
  return table;
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

// With its error, which MPI_Request_get_status does not tell.
bool is_complete(MPI_Request request, MPI_Status* status) {
  const mpi::RequestInfo* info = mpi::requests().find(request);
  if (info && info->kind == mpi::RequestKind::kCompleted) {
    *status = info->status;
    return true;
  }
  int flag = 0;
  check(PMPI_Request_get_status(request, &flag, status), "MPI_Request_get_status");
  if (flag == 0) return false;
  const bool is_active_receive = info && info->active && mpi::is_receive(*info);
  if (is_active_receive && mpi::is_cut_off(*info, *status)) status->MPI_ERROR = MPI_ERR_TRUNCATE;
  return true;
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

// A persistent request held by two objects: once completed only one of them would learn the new
// handle in a resumed process.
void check_only_holder(PyObject* request) {
  PyObject*& holder = described_persistent()[handle_of(request)];
  if (holder && holder != request) {
    throw CannotSave("a persistent MPI request held by two Request objects");
  }
  holder = request;
}

Posting standing_of(MPI_Request handle, const mpi::RequestInfo& info) {
  Posting p;
  p.info = info;
  std::memset(&p.status, 0, sizeof p.status);
  const bool stands_in = info.persistent != MPI_REQUEST_NULL;
  if (stands_in) p.info = *mpi::requests().find(info.persistent);
  p.info.sync = 0;
  if (mpi::sync_sends::is_held(info.sync)) {
    p.info.sync = info.sync;
    p.state = Posting::State::kHeld;
  } else if (stands_in) {  // served from a drained message, or a send held until now
    p.status = info.status;
    p.state = Posting::State::kComplete;
  } else if (!info.active) {
    p.state = Posting::State::kInactive;
  } else if (is_complete(handle, &p.status)) {
    p.state = Posting::State::kComplete;
  } else if (!mpi::is_receive(info)) {
    throw CannotSave("a send that is not complete");
  }
  return p;
}

Ref describe_persistent(const Module& m, PyObject* request, const mpi::RequestInfo& info) {
  check_only_holder(request);
  const Posting p = standing_of(handle_of(request), info);
  try {
    Ref payload = describe_posting(m, request, p);
    if (p.state == Posting::State::kPending) described_receives().insert(handle_of(request));
    return payload;
  } catch (const CannotSave& e) {
    throw CannotSave(std::string(e.what()) + " (a persistent request " + text_of(p.info) + ")");
  }
}

Ref describe_receive(const Module& m, PyObject* request, const mpi::RequestInfo& info) {
  Posting p;
  p.info = info;
  std::memset(&p.status, 0, sizeof p.status);
  try {
    Ref payload = describe_posting(m, request, p);
    described_receives().insert(handle_of(request));
    return payload;
  } catch (const CannotSave& e) {
    throw CannotSave(std::string(e.what()) + " (a pending receive " + text_of(info) + ")");
  }
}

std::unordered_map<std::uint64_t, MPI_Request>& done_requests() {
  static std::unordered_map<std::uint64_t, MPI_Request> table;
  return table;
}

}  // namespace

Ref describe_request(const Module& m, PyObject* request, std::string* form) {
  const MPI_Request handle = handle_of(request);
  const mpi::RequestInfo* info = mpi::requests().find(handle);
  if (info && info->kind == mpi::RequestKind::kGeneralized) {
    *form = "generalized";
    return describe_generalized(m, request, *info);
  }
  if (m.is_a(request, "Grequest")) {
    throw CannotSave("a generalized MPI request that was waited for through another object");
  }
  if (!info && !is_complete_from_the_start(handle)) {
    throw CannotSave(
        "an MPI request chkpt does not follow (completed through another object, or of a call that "
        "cannot be saved)");
  }
  if (info && (mpi::is_persistent(*info) || info->persistent != MPI_REQUEST_NULL)) {
    *form = "posted";
    return describe_persistent(m, request, *info);
  }
  if (info && mpi::sync_sends::is_held(info->sync)) {
    *form = "held";
    return checked(Py_BuildValue("(KK)", handle_bits(Kind::kRequest, request),
                                 static_cast<unsigned long long>(info->sync)));
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
  *form = "posted";
  return describe_receive(m, request, *info);
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

void restore_held(PyObject* request, PyObject* payload) {
  unsigned long long key = 0, id = 0;
  if (!PyArg_ParseTuple(payload, "KK", &key, &id)) throw_pending_exception();
  const auto known = done_requests().find(key);
  if (known != done_requests().end()) {
    handle_in<MPI_Request>(request) = known->second;
    return;
  }
  check(mpi::sync_sends::make_stand_in(id, &handle_in<MPI_Request>(request)), "MPI_Grequest_start");
  done_requests()[key] = handle_of(request);
}

void forget_described_requests() {
  described_receives().clear();
  described_persistent().clear();
}

void check_receives_described() {
  mpi::requests().for_each([](MPI_Request request, mpi::RequestInfo& info) {
    if (info.numbered) throw CannotSave("an MPI request that Fortran code knows by its number");
    // An inactive one that nothing refers to can never be started again.
    if (info.kind == mpi::RequestKind::kCompleted || info.counted || !info.active) return;
    if (info.kind == mpi::RequestKind::kGeneralized) return;
    if (mpi::sync_sends::is_held(info.sync)) return;
    MPI_Status status;
    if (is_complete(request, &status)) return;
    if (!mpi::is_receive(info)) {
      throw CannotSave("an MPI request that is neither complete nor a receive");
    }
    if (described_receives().count(request) == 0) {
      throw CannotSave("a pending receive " + text_of(info) +
                       " whose Request object the script no longer has");
    }
  });
}

void forget_restored_requests() {
  forget_postings();
  done_requests().clear();
}

}  // namespace chkpt::cut::handles
