// SPDX-License-Identifier: BSD-3-Clause
// Local calls of which a snapshot has to know, and MPI_Type_free, which must leave the type of a
// pending receive alive.
#include <atomic>

#include "mpi/interpose/absolute_addresses.hpp"
#include "mpi/interpose/allocations.hpp"
#include "mpi/interpose/attached_buffer.hpp"
#include "mpi/interpose/attributes.hpp"
#include "mpi/interpose/extra_references.hpp"
#include "mpi/interpose/fortran_numbers.hpp"
#include "mpi/interpose/wall_clock.hpp"
#include "mpi/interpose/wrapper.hpp"

namespace chkpt::mpi {

AttachedBuffer& attached_buffer() {
  static AttachedBuffer instance;
  return instance;
}

namespace wall_clock {
namespace {

std::atomic<bool> g_asked{false};
std::atomic<double> g_ahead{0};  // of the library's clock

double now() { return PMPI_Wtime() + g_ahead.load(std::memory_order_relaxed); }

}  // namespace

std::optional<double> reading() {
  if (!g_asked) return std::nullopt;
  return now();
}

void go_on_from(double reading) {
  g_ahead = reading - PMPI_Wtime();
  g_asked = true;
}

}  // namespace wall_clock

}  // namespace chkpt::mpi

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions

CHKPT_WRAPPER int MPI_Type_free(MPI_Datatype* type) {
  using extra_references::Counted;
  if (extra_references::free_one<MPI_Datatype>(Counted::kType, type, MPI_DATATYPE_NULL))
    return MPI_SUCCESS;
  if (!outside("MPI_Type_free")) requests().keep_type(*type);
  if (on_main_thread()) attributes::type_freed(*type);
  fortran_numbers::forget(fortran_numbers::Family::kType, fortran_numbers::bits_of(*type));
  return PMPI_Type_free(type);
}

CHKPT_WRAPPER int MPI_Alloc_mem(MPI_Aint size, MPI_Info info, void* base) {
  const int rc = PMPI_Alloc_mem(size, info, base);
  if (rc == MPI_SUCCESS && !outside("MPI_Alloc_mem")) {
    allocations::add(*static_cast<void**>(base), size);
  }
  return rc;
}

CHKPT_WRAPPER int MPI_Free_mem(void* base) {
  if (on_main_thread()) allocations::remove(base);
  return PMPI_Free_mem(base);
}

CHKPT_WRAPPER double MPI_Wtime(void) {
  wall_clock::g_asked.store(true, std::memory_order_relaxed);
  return wall_clock::now();
}

CHKPT_WRAPPER int MPI_Get_address(const void* location, MPI_Aint* address) {
  const int rc = PMPI_Get_address(location, address);
  // MPI_BOTTOM's own is none.
  if (rc == MPI_SUCCESS && *address != 0 && on_main_thread()) absolute_addresses::given(*address);
  return rc;
}

// Where a snapshot finds no message left, an attached buffer is nothing but an address.
CHKPT_WRAPPER int MPI_Buffer_attach(void* buffer, int size) {
  const int rc = PMPI_Buffer_attach(buffer, size);
  if (rc == MPI_SUCCESS && on_main_thread()) attached_buffer() = {buffer, size};
  return rc;
}

CHKPT_WRAPPER int MPI_Buffer_detach(void* buffer, int* size) {
  const int rc = PMPI_Buffer_detach(buffer, size);
  if (rc == MPI_SUCCESS && on_main_thread()) attached_buffer() = {};
  return rc;
}

// Its completion is the script's business, and nothing of it is in flight: see kGeneralized.
CHKPT_WRAPPER int MPI_Grequest_start(MPI_Grequest_query_function* query,
                                     MPI_Grequest_free_function* release,
                                     MPI_Grequest_cancel_function* cancel, void* state,
                                     MPI_Request* request) {
  const int rc = PMPI_Grequest_start(query, release, cancel, state, request);
  if (outside("MPI_Grequest_start") || rc != MPI_SUCCESS) return rc;
  RequestInfo info;
  info.kind = RequestKind::kGeneralized;
  info.buffer = state;
  info.query = query;
  requests().add(*request, info);
  return rc;
}

CHKPT_WRAPPER int MPI_Grequest_complete(MPI_Request request) {
  // A callback of the library's may do it: no question of depth.
  RequestInfo* info = on_main_thread() ? requests().find(request) : nullptr;
  if (info != nullptr) info->counted = true;
  return PMPI_Grequest_complete(request);
}
