// SPDX-License-Identifier: BSD-3-Clause
// Local calls that make something a snapshot cannot hold, and MPI_Type_free, which must leave the
// type of a pending receive alive.
#include "mpi/interpose/wrapper.hpp"

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions
using chkpt::mpi::deferrals::Kind;

CHKPT_WRAPPER int MPI_Type_free(MPI_Datatype* type) {
  if (!outside("MPI_Type_free")) requests().keep_type(*type);
  return PMPI_Type_free(type);
}

CHKPT_WRAPPER int MPI_Buffer_attach(void* buffer, int size) {
  return making(Kind::kBsendBuffer, "MPI_Buffer_attach",
                [&] { return PMPI_Buffer_attach(buffer, size); });
}

CHKPT_WRAPPER int MPI_Buffer_detach(void* buffer, int* size) {
  return ending(Kind::kBsendBuffer, "MPI_Buffer_detach",
                [&] { return PMPI_Buffer_detach(buffer, size); });
}

CHKPT_WRAPPER int MPI_Grequest_start(MPI_Grequest_query_function* query,
                                     MPI_Grequest_free_function* release,
                                     MPI_Grequest_cancel_function* cancel, void* state,
                                     MPI_Request* request) {
  // Who completes it, and when, is the script's business: it cannot be followed.
  if (!outside("MPI_Grequest_start")) deferrals::forever("MPI_Grequest_start");
  return PMPI_Grequest_start(query, release, cancel, state, request);
}

namespace {

// Keyvals whose attributes could be Python objects. mpi4py's own cache of duplicates uses a keyval
// that is never copied; it is saved otherwise.
HandleTable<const void*, bool>& script_keyvals() {
  static HandleTable<const void*, bool> table;
  return table;
}

const void* key_of(int keyval, char family) {
  return reinterpret_cast<const void*>((static_cast<std::uintptr_t>(keyval) << 8U) +
                                       static_cast<unsigned char>(family));
}

template <class F>
int create_keyval(const char* call, char family, const int* keyval, F f) {
  const int rc = making(Kind::kKeyval, call, f);
  if (rc == MPI_SUCCESS && t_depth == 0) script_keyvals().insert(key_of(*keyval, family), true);
  return rc;
}

template <class F>
int free_keyval(const char* call, char family, const int* keyval, F f) {
  const void* key = key_of(*keyval, family);
  const int rc = f();
  if (!outside(call) && script_keyvals().erase(key)) deferrals::remove(Kind::kKeyval);
  return rc;
}

}  // namespace

CHKPT_WRAPPER int MPI_Comm_create_keyval(MPI_Comm_copy_attr_function* copy,
                                         MPI_Comm_delete_attr_function* remove, int* keyval,
                                         void* state) {
  const auto real = [&] { return PMPI_Comm_create_keyval(copy, remove, keyval, state); };
  if (copy == MPI_COMM_NULL_COPY_FN) return real();
  return create_keyval("MPI_Comm_create_keyval", 'c', keyval, real);
}

CHKPT_WRAPPER int MPI_Comm_free_keyval(int* keyval) {
  return free_keyval("MPI_Comm_free_keyval", 'c', keyval,
                     [&] { return PMPI_Comm_free_keyval(keyval); });
}

CHKPT_WRAPPER int MPI_Type_create_keyval(MPI_Type_copy_attr_function* copy,
                                         MPI_Type_delete_attr_function* remove, int* keyval,
                                         void* state) {
  const auto real = [&] { return PMPI_Type_create_keyval(copy, remove, keyval, state); };
  if (copy == MPI_TYPE_NULL_COPY_FN) return real();
  return create_keyval("MPI_Type_create_keyval", 't', keyval, real);
}

CHKPT_WRAPPER int MPI_Type_free_keyval(int* keyval) {
  return free_keyval("MPI_Type_free_keyval", 't', keyval,
                     [&] { return PMPI_Type_free_keyval(keyval); });
}

CHKPT_WRAPPER int MPI_Win_create_keyval(MPI_Win_copy_attr_function* copy,
                                        MPI_Win_delete_attr_function* remove, int* keyval,
                                        void* state) {
  return create_keyval("MPI_Win_create_keyval", 'w', keyval,
                       [&] { return PMPI_Win_create_keyval(copy, remove, keyval, state); });
}

CHKPT_WRAPPER int MPI_Win_free_keyval(int* keyval) {
  return free_keyval("MPI_Win_free_keyval", 'w', keyval,
                     [&] { return PMPI_Win_free_keyval(keyval); });
}
