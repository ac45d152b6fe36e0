// SPDX-License-Identifier: BSD-3-Clause
// The script's live requests and what has to be known of each to finish it, to see at a cut that it
// stands still, and to make it again in a resumed process. Main thread only.
#pragma once

#include <cstdint>
#include <functional>

#include <mpi.h>

#include "mpi/interpose/handle_table.hpp"
#include "mpi/interpose/registry.hpp"

namespace chkpt::mpi {

enum class RequestKind {
  kSend,
  kReceive,
  kCollective,
  kCommIdup,
  kPersistentSend,  // the next two also; active between start and completion
  kPersistentReceive,
  kCompleted,  // a receive served from a drained message: status kept, nothing in flight
  // Completed by the script itself. The library asks the script's own functions about it, so
  // nobody but the script may ask the library.
  kGeneralized,
};

// Which of the four sends a persistent request makes.
enum class SendMode : int { kStandard = 0, kSynchronous = 1, kBuffered = 2, kReady = 3 };

struct RequestInfo {
  RequestKind kind = RequestKind::kSend;
  SendMode mode = SendMode::kStandard;  // kPersistentSend
  CommInfo* comm = nullptr;             // null once the script has freed the communicator
  int peer = MPI_PROC_NULL;             // rank in comm, or MPI_ANY_SOURCE
  int tag = 0;
  void* buffer =
      nullptr;  // of receives and persistent sends; the next two also. kGeneralized: state
  int count = 0;
  MPI_Datatype type = MPI_DATATYPE_NULL;
  bool owns_type = false;  // the script has freed its own handle of the type meanwhile
  bool active = true;
  bool counted = false;     // complete, and what follows from that is done
  std::uint64_t sync = 0;   // of a synchronous send that is active, see sync_sends.hpp
  bool cancelling = false;  // MPI_Cancel has been called
  bool numbered = false;    // Fortran code has got its number
  bool detached = false;    // a receive whose handle the script has given up
  std::uint64_t order = 0;  // of posting or start: receives must be posted again in this order
  MPI_Status status{};      // kCompleted
  MPI_Request persistent =
      MPI_REQUEST_NULL;          // what a completed request, or a held send's, stands for
  MPI_Comm* new_comm = nullptr;  // kCommIdup: where the library puts it
  CommInfo* promised = nullptr;  // kCommIdup: its entry in the registry
  MPI_Grequest_query_function* query = nullptr;  // kGeneralized
};

class Requests {
 public:
  RequestInfo* find(MPI_Request request) { return table_.find(request); }
  void add(MPI_Request request, const RequestInfo& info);
  // The same; keeps info.order. For a resumed process.
  void adopt(MPI_Request request, const RequestInfo& info);
  void remove(MPI_Request request);
  // A persistent request becomes active; it takes its place behind everything posted so far.
  void started(RequestInfo& info);
  void for_each(const std::function<void(MPI_Request, RequestInfo&)>& f) { table_.for_each(f); }
  std::size_t size() const { return table_.size(); }

  // Called when the library has completed `old` for the script; *slot is where the script keeps the
  // handle. Counts a receive, forgets the request (or makes a persistent one inactive).
  void completed(MPI_Request old, MPI_Request* slot, const MPI_Status& status);

  // Whether it can be waited for at once. Asks the library, but never the script's functions.
  bool is_complete(MPI_Request request);

  // What the library has completed meanwhile takes effect: receives count as received, cancelled
  // sends as not sent, duplicates of communicators get their handle.
  void count_completed();
  // The script gives up the handle of a pending receive; it is freed when it is complete.
  void detach(RequestInfo& info) { info.detached = true; }
  void forget(const CommInfo& comm);  // it is being freed
  // Before MPI_Type_free: live receives keep a duplicate.
  void keep_type(MPI_Datatype type);

 private:
  HandleTable<MPI_Request, RequestInfo> table_;
  std::uint64_t next_order_ = 1;
};

inline bool is_persistent(const RequestInfo& info) {
  return info.kind == RequestKind::kPersistentSend || info.kind == RequestKind::kPersistentReceive;
}
inline bool is_send(const RequestInfo& info) {
  return info.kind == RequestKind::kSend || info.kind == RequestKind::kPersistentSend;
}
inline bool is_receive(const RequestInfo& info) {
  return info.kind == RequestKind::kReceive || info.kind == RequestKind::kPersistentReceive;
}

// In bytes.
std::size_t buffer_size(int count, MPI_Datatype type);
// Of a receive that is complete: whether its message was too long. The error itself shows only when
// the request is waited for.
bool is_cut_off(const RequestInfo& receive, const MPI_Status& status);

extern Requests g_requests;
inline Requests& requests() { return g_requests; }

// A call on `comm` has started what completes by itself when all its members have made the call, or
// at once: a nonblocking collective call, an access to a window or a file. Returns rc.
int started_on(CommInfo& comm, int rc, MPI_Request* request);

// A request that is complete and answers `status` when waited for. Enters it as kCompleted.
int make_completed_request(const MPI_Status& status, MPI_Request* request);
// MPICH gives one handle to all sends and collective calls that are over at once. If *request is
// such a second one, a completed request of its own takes its place, and true comes back.
bool keep_apart(MPI_Request* request);
// A completed request in the place of the persistent request *request, until it has been waited
// for.
int complete_persistent(const MPI_Status& status, MPI_Request* request);

}  // namespace chkpt::mpi
