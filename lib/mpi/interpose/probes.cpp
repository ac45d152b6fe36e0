// SPDX-License-Identifier: BSD-3-Clause
// Probing calls and receives of matched messages.
#include "mpi/interpose/drain.hpp"
#include "mpi/interpose/matched.hpp"
#include "mpi/interpose/own_handle.hpp"
#include "mpi/interpose/status.hpp"
#include "mpi/interpose/thread_calls.hpp"
#include "mpi/interpose/thread_traffic.hpp"
#include "mpi/interpose/waiting.hpp"
#include "mpi/interpose/wrapper.hpp"

namespace chkpt::mpi::matched {
namespace {

HandleTable<MPI_Message, Matched>& table() {
  static HandleTable<MPI_Message, Matched> instance;
  return instance;
}

std::uint64_t g_matched = 0;

}  // namespace

MPI_Message hold(CommInfo& comm, std::shared_ptr<Drained> message) {
  const auto handle = own_handle<MPI_Message>(message.get());
  Matched entry;
  entry.comm = &comm;
  entry.order = ++g_matched;
  entry.drained = std::move(message);
  table().insert(handle, std::move(entry));
  return handle;
}

MPI_Message hold(CommInfo& comm, MPI_Message message, const MPI_Status& status) {
  MPI_Message handle = message;
  Matched entry;
  entry.comm = &comm;
  entry.order = ++g_matched;
  entry.message = message;
  entry.status = status;
  // The library may use a handle again that the script still holds for a message taken out since.
  if (table().find(message) != nullptr) {
    entry.place = std::make_shared<Drained>();
    handle = own_handle<MPI_Message>(entry.place.get());
  }
  table().insert(handle, std::move(entry));
  return handle;
}

bool take(MPI_Message message, Matched* out) {
  Matched* entry = table().find(message);
  if (entry == nullptr) return false;
  *out = std::move(*entry);
  table().erase(message);
  return true;
}

const Matched* find(MPI_Message message) { return table().find(message); }

void for_each(const std::function<void(Matched&)>& f) {
  table().for_each([&f](MPI_Message, Matched& entry) { f(entry); });
}

int number_of(MPI_Message message) {
  constexpr int kFirst = 1 << 28;  // the library counts from 0
  static int last = kFirst;
  Matched* entry = table().find(message);
  if (entry == nullptr) return 0;
  if (entry->number == 0) entry->number = ++last;
  return entry->number;
}

MPI_Message with_number(int number) {
  MPI_Message found = MPI_MESSAGE_NULL;
  table().for_each([&](MPI_Message message, const Matched& entry) {
    if (entry.number == number) found = message;
  });
  return found;
}

void forget(const CommInfo& comm) {
  table().for_each([&comm](MPI_Message, Matched& entry) {
    if (entry.comm == &comm) entry.comm = nullptr;
  });
}

}  // namespace chkpt::mpi::matched

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions

namespace {

CommInfo* followed(const char* call, MPI_Comm comm, int source) {
  if (outside(call, comm) || source == MPI_PROC_NULL) return nullptr;
  return registry().find(comm);
}

int probe_once(CommInfo& comm, int source, int tag, int* flag, MPI_Status* status) {
  if (!comm.drained.empty()) {
    if (const auto message = drain::peek(comm, source, tag)) {
      drain::fill_status(*message, status);
      *flag = 1;
      return MPI_SUCCESS;
    }
  }
  return PMPI_Iprobe(source, tag, comm.handle, flag, status);
}

int match_once(CommInfo& comm, int source, int tag, int* flag, MPI_Message* handle,
               MPI_Status* status) {
  if (!comm.drained.empty()) {
    bool taken = false;
    const int rc = guarded("MPI_Mprobe", [&] {
      if (auto message = drain::take(comm, source, tag)) {
        drain::fill_status(*message, status);
        *handle = matched::hold(comm, std::move(message));
        taken = true;
      }
      return MPI_SUCCESS;
    });
    *flag = taken ? 1 : 0;
    if (taken || rc != MPI_SUCCESS) return rc;
  }
  MPI_Status answer;
  const int rc = PMPI_Improbe(source, tag, comm.handle, flag, handle, &answer);
  if (rc != MPI_SUCCESS || *flag == 0) return rc;
  if (*handle != MPI_MESSAGE_NO_PROC) *handle = matched::hold(comm, *handle, answer);
  give_status(status, answer);
  return rc;
}

// Repeats `once` until it finds something.
template <class F>
int probe_until_found(const char* call, const CommInfo& comm, int source, F once) {
  const Depth depth;
  BlockedScope scope(call, true);
  for (;;) {
    // A cut may hold the rank here, with the message not yet looked for.
    if (!gate::pending()) scope.leave();
    int flag = 0;
    const int rc = once(&flag);
    if (flag != 0 || rc != MPI_SUCCESS) return rc;
    if (gate::pending()) scope.wait({need_of(comm, source)});
  }
}

}  // namespace

CHKPT_WRAPPER int MPI_Probe(int source, int tag, MPI_Comm comm, MPI_Status* status) {
  CommInfo* info = followed("MPI_Probe", comm, source);
  if (info == nullptr) return PMPI_Probe(source, tag, comm, status);
  return probe_until_found("MPI_Probe", *info, source,
                           [&](int* flag) { return probe_once(*info, source, tag, flag, status); });
}

CHKPT_WRAPPER int MPI_Iprobe(int source, int tag, MPI_Comm comm, int* flag, MPI_Status* status) {
  CommInfo* info = followed("MPI_Iprobe", comm, source);
  if (info == nullptr) return PMPI_Iprobe(source, tag, comm, flag, status);
  const Depth depth;
  const int rc = probe_once(*info, source, tag, flag, status);
  if (rc == MPI_SUCCESS && *flag == 0 && gate::pending()) report_poll(*info, source);
  return rc;
}

CHKPT_WRAPPER int MPI_Mprobe(int source, int tag, MPI_Comm comm, MPI_Message* message,
                             MPI_Status* status) {
  CommInfo* info = followed("MPI_Mprobe", comm, source);
  if (info == nullptr) {
    const thread_traffic::Call call;
    const int rc = PMPI_Mprobe(source, tag, comm, message, status);
    return thread_traffic::given_message(rc, comm, message);
  }
  return probe_until_found("MPI_Mprobe", *info, source, [&](int* flag) {
    return match_once(*info, source, tag, flag, message, status);
  });
}

CHKPT_WRAPPER int MPI_Improbe(int source, int tag, MPI_Comm comm, int* flag, MPI_Message* message,
                              MPI_Status* status) {
  CommInfo* info = followed("MPI_Improbe", comm, source);
  if (info == nullptr) {
    const int rc = PMPI_Improbe(source, tag, comm, flag, message, status);
    return rc == MPI_SUCCESS && *flag != 0 ? thread_traffic::given_message(rc, comm, message) : rc;
  }
  const Depth depth;
  const int rc = match_once(*info, source, tag, flag, message, status);
  if (rc == MPI_SUCCESS && *flag == 0 && gate::pending()) report_poll(*info, source);
  return rc;
}

CHKPT_WRAPPER int MPI_Mrecv(void* buf, int count, MPI_Datatype type, MPI_Message* message,
                            MPI_Status* status) {
  matched::Matched entry;
  const thread_traffic::Completing completing("MPI_Mrecv", message);
  if (not_counted() || !matched::take(*message, &entry)) {
    return thread_traffic::receiving(completing.comm(), status, [&](MPI_Status* answer) {
      return PMPI_Mrecv(buf, count, type, message, answer);
    });
  }
  int rc = MPI_SUCCESS;
  if (entry.drained != nullptr) {
    rc = guarded("MPI_Mrecv", [&] {
      drain::wait_for(entry.comm, *entry.drained);
      return drain::deliver(*entry.drained, buf, count, type, status);
    });
  } else {
    MPI_Status answer;
    {
      const Depth depth;
      rc = PMPI_Mrecv(buf, count, type, &entry.message, &answer);
    }
    if (entry.comm != nullptr) registry().count_received(*entry.comm, answer.MPI_SOURCE);
    give_status(status, answer);
  }
  *message = MPI_MESSAGE_NULL;
  call_done();
  return rc;
}

CHKPT_WRAPPER int MPI_Imrecv(void* buf, int count, MPI_Datatype type, MPI_Message* message,
                             MPI_Request* request) {
  matched::Matched entry;
  const thread_traffic::Completing completing("MPI_Imrecv", message);
  if (not_counted() || !matched::take(*message, &entry)) {
    thread_calls::lose_count("MPI_Imrecv", completing.comm());
    const int rc = PMPI_Imrecv(buf, count, type, message, request);
    return thread_traffic::given(rc, completing.comm(), request);
  }
  int rc = MPI_SUCCESS;
  if (entry.drained != nullptr) {
    rc = guarded("MPI_Imrecv", [&] {
      drain::wait_for(entry.comm, *entry.drained);
      MPI_Status answer;
      answer.MPI_ERROR = MPI_SUCCESS;
      const int delivered = drain::deliver(*entry.drained, buf, count, type, &answer);
      answer.MPI_ERROR = delivered;
      return make_completed_request(answer, request);
    });
  } else {
    rc = PMPI_Imrecv(buf, count, type, &entry.message, request);
    if (rc == MPI_SUCCESS && entry.comm != nullptr) {
      RequestInfo info;
      info.kind = RequestKind::kReceive;
      info.comm = entry.comm;
      info.peer = MPI_ANY_SOURCE;
      info.tag = MPI_ANY_TAG;
      info.buffer = buf;
      info.count = count;
      info.type = type;
      requests().add(*request, info);
    }
  }
  *message = MPI_MESSAGE_NULL;
  call_done();
  return rc;
}
