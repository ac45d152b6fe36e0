// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/drain.hpp"

#include <climits>
#include <cstring>

#include <unistd.h>

#include "mpi/interpose/drained_notices.hpp"
#include "mpi/interpose/gate.hpp"
#include "mpi/interpose/matched.hpp"
#include "mpi/interpose/requests.hpp"
#include "mpi/interpose/status.hpp"
#include "mpi/interpose/sync_sends.hpp"
#include "mpi/interpose/thread_calls.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi::drain {
namespace {

// `bytes` bytes as (count, type), also where an int cannot count them.
class ByteRun {
 public:
  explicit ByteRun(std::size_t bytes) {
    if (bytes <= INT_MAX) {
      count_ = static_cast<int>(bytes);
      return;
    }
    constexpr std::size_t kBlock = std::size_t{1} << 20;
    MPI_Datatype block = MPI_DATATYPE_NULL;
    check(PMPI_Type_contiguous(static_cast<int>(kBlock), MPI_BYTE, &block), "MPI_Type_contiguous");
    const int lengths[2] = {static_cast<int>(bytes / kBlock), static_cast<int>(bytes % kBlock)};
    const MPI_Aint offsets[2] = {0, static_cast<MPI_Aint>(bytes / kBlock * kBlock)};
    const MPI_Datatype types[2] = {block, MPI_BYTE};
    check(PMPI_Type_create_struct(2, lengths, offsets, types, &type_), "MPI_Type_create_struct");
    owned_ = true;
    count_ = 1;
    PMPI_Type_free(&block);
    check(PMPI_Type_commit(&type_), "MPI_Type_commit");
  }
  ~ByteRun() {
    if (owned_) PMPI_Type_free(&type_);
  }
  ByteRun(const ByteRun&) = delete;
  ByteRun& operator=(const ByteRun&) = delete;

  int count() const { return count_; }
  MPI_Datatype type() const { return type_; }

 private:
  int count_ = 0;
  MPI_Datatype type_ = MPI_BYTE;
  bool owned_ = false;
};

void finish_if_arrived(CommInfo* comm, Drained& message) {
  if (message.ready) return;
  int flag = 0;
  check(PMPI_Test(&message.request, &flag, MPI_STATUS_IGNORE), "MPI_Test");
  if (flag == 0) return;
  message.ready = true;
  if (comm != nullptr) registry().count_received(*comm, message.source);
}

// Starts receiving a message that the library has matched.
std::shared_ptr<Drained> take_out(CommInfo& comm, MPI_Message handle, const MPI_Status& status) {
  // Its sender may have asked just before it sent this.
  if (!drained_notices::has_asked(comm, status.MPI_SOURCE)) sync_sends::take_in_notices();
  drained_notices::taking_out(comm, status.MPI_SOURCE, status.MPI_TAG);
  MPI_Count bytes = 0;
  check(PMPI_Get_elements_x(&status, MPI_BYTE, &bytes), "MPI_Get_elements_x");
  auto message = std::make_shared<Drained>();
  message->source = status.MPI_SOURCE;
  message->tag = status.MPI_TAG;
  message->data.resize(static_cast<std::size_t>(bytes));
  message->ready = false;
  const ByteRun run(message->data.size());
  check(PMPI_Imrecv(message->data.data(), run.count(), run.type(), &handle, &message->request),
        "MPI_Imrecv");
  return message;
}

// Takes one message out of the library; false when none is there.
bool take_one(CommInfo& comm) {
  int found = 0;
  MPI_Message handle = MPI_MESSAGE_NULL;
  MPI_Status status;
  check(PMPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm.handle, &found, &handle, &status),
        "MPI_Improbe");
  if (found == 0) return false;
  comm.drained.push_back(take_out(comm, handle, status));
  return true;
}

// What the script has matched already.
void take_matched(matched::Matched& entry) {
  if (entry.comm == nullptr) return;
  if (entry.drained == nullptr) {
    entry.drained = take_out(*entry.comm, entry.message, entry.status);
    entry.message = MPI_MESSAGE_NULL;
  }
  finish_if_arrived(entry.comm, *entry.drained);
}

auto find(CommInfo& comm, int source, int tag) {
  auto it = comm.drained.begin();
  for (; it != comm.drained.end(); ++it) {
    const Drained& message = **it;
    if ((source == MPI_ANY_SOURCE || message.source == source) &&
        (tag == MPI_ANY_TAG || message.tag == tag)) {
      break;
    }
  }
  return it;
}

}  // namespace

void all() {
  // The library may complete a nonblocking reduction here and call the script's own operation,
  // which is no place to stop at.
  const Depth depth;
  sync_sends::take_in_notices();
  thread_calls::drop_freed();
  registry().for_each([](CommInfo& comm) {
    if (thread_calls::uses(comm.handle)) return;
    while (comm.handle != MPI_COMM_NULL && take_one(comm)) {
    }
    for (const auto& message : comm.drained) finish_if_arrived(&comm, *message);
  });
  thread_calls::look_for_messages();
  matched::for_each(take_matched);
  requests().count_completed();
  drained_notices::update();
}

bool settled() {
  bool ready = true;
  registry().for_each([&](CommInfo& comm) {
    for (const auto& message : comm.drained) ready = ready && message->ready;
  });
  matched::for_each([&](const matched::Matched& entry) {
    if (entry.comm != nullptr) ready = ready && entry.drained != nullptr && entry.drained->ready;
  });
  return ready;
}

void wait_for(CommInfo* comm, Drained& message) {
  while (!message.ready) {
    finish_if_arrived(comm, message);
    if (!message.ready) ::usleep(50);
  }
}

std::shared_ptr<Drained> peek(CommInfo& comm, int source, int tag) {
  const auto it = find(comm, source, tag);
  return it == comm.drained.end() ? nullptr : *it;
}

std::shared_ptr<Drained> take(CommInfo& comm, int source, int tag) {
  const auto it = find(comm, source, tag);
  if (it == comm.drained.end()) return nullptr;
  std::shared_ptr<Drained> message = *it;
  wait_for(&comm, *message);
  comm.drained.erase(it);
  return message;
}

int deliver(const Drained& message, void* buffer, int count, MPI_Datatype type,
            MPI_Status* status) {
  // A process that sends itself too much may get no error, or memory overwritten behind the buffer.
  const std::size_t room = buffer_size(count, type);
  const bool is_cut_off = message.data.size() > room;
  const ByteRun run(is_cut_off ? room : message.data.size());
  MPI_Status answer;
  std::memset(&answer, 0, sizeof answer);
  int rc = PMPI_Sendrecv(message.data.data(), run.count(), run.type(), 0, 1, buffer, count, type, 0,
                         1, session::self(), &answer);
  if (is_cut_off && rc == MPI_SUCCESS) {
    rc = MPI_ERR_TRUNCATE;
    PMPI_Status_set_elements_x(&answer, MPI_BYTE, static_cast<MPI_Count>(message.data.size()));
  }
  answer.MPI_SOURCE = message.source;
  answer.MPI_TAG = message.tag;
  give_status(status, answer);
  sync_sends::acknowledge(message);
  return rc;
}

void fill_status(const Drained& message, MPI_Status* status) {
  if (status == MPI_STATUS_IGNORE) return;
  std::memset(status, 0, sizeof *status);
  PMPI_Status_set_elements_x(status, MPI_BYTE, static_cast<MPI_Count>(message.data.size()));
  PMPI_Status_set_cancelled(status, 0);
  status->MPI_SOURCE = message.source;
  status->MPI_TAG = message.tag;
  status->MPI_ERROR = MPI_SUCCESS;
}

}  // namespace chkpt::mpi::drain
