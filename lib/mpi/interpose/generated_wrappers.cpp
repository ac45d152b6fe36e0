// SPDX-License-Identifier: BSD-3-Clause
// Written by scripts/generate_mpi_wrappers.py from mpi.h and mpi_calls.txt: do not edit.
// Collective calls, and calls that work on files, windows and processes of their own.
// clang-format off
#include "mpi/interpose/open_files.hpp"
#include "mpi/interpose/windows.hpp"
#include "mpi/interpose/wrapper.hpp"

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions
using chkpt::mpi::deferrals::Kind;

CHKPT_WRAPPER int MPI_Accumulate(const void *origin_addr, int origin_count, MPI_Datatype origin_datatype, int target_rank, MPI_Aint target_disp, int target_count, MPI_Datatype target_datatype, MPI_Op op, MPI_Win win) {
  windows::accessed("MPI_Accumulate", win);
  return PMPI_Accumulate(origin_addr, origin_count, origin_datatype, target_rank, target_disp, target_count, target_datatype, op, win);
}

CHKPT_WRAPPER int MPI_Allgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm) {
  Collective scope("MPI_Allgather", comm);
  return scope.done(PMPI_Allgather(sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, comm));
}

CHKPT_WRAPPER int MPI_Allgatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, const int recvcounts[], const int displs[], MPI_Datatype recvtype, MPI_Comm comm) {
  Collective scope("MPI_Allgatherv", comm);
  return scope.done(PMPI_Allgatherv(sendbuf, sendcount, sendtype, recvbuf, recvcounts, displs, recvtype, comm));
}

CHKPT_WRAPPER int MPI_Allreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm) {
  Collective scope("MPI_Allreduce", comm);
  return scope.done(PMPI_Allreduce(sendbuf, recvbuf, count, datatype, op, comm));
}

CHKPT_WRAPPER int MPI_Alltoall(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm) {
  Collective scope("MPI_Alltoall", comm);
  return scope.done(PMPI_Alltoall(sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, comm));
}

CHKPT_WRAPPER int MPI_Alltoallv(const void *sendbuf, const int sendcounts[], const int sdispls[], MPI_Datatype sendtype, void *recvbuf, const int recvcounts[], const int rdispls[], MPI_Datatype recvtype, MPI_Comm comm) {
  Collective scope("MPI_Alltoallv", comm);
  return scope.done(PMPI_Alltoallv(sendbuf, sendcounts, sdispls, sendtype, recvbuf, recvcounts, rdispls, recvtype, comm));
}

CHKPT_WRAPPER int MPI_Alltoallw(const void *sendbuf, const int sendcounts[], const int sdispls[], const MPI_Datatype sendtypes[], void *recvbuf, const int recvcounts[], const int rdispls[], const MPI_Datatype recvtypes[], MPI_Comm comm) {
  Collective scope("MPI_Alltoallw", comm);
  return scope.done(PMPI_Alltoallw(sendbuf, sendcounts, sdispls, sendtypes, recvbuf, recvcounts, rdispls, recvtypes, comm));
}

CHKPT_WRAPPER int MPI_Barrier(MPI_Comm comm) {
  Collective scope("MPI_Barrier", comm);
  return scope.done(PMPI_Barrier(comm));
}

CHKPT_WRAPPER int MPI_Bcast(void *buffer, int count, MPI_Datatype datatype, int root, MPI_Comm comm) {
  Collective scope("MPI_Bcast", comm, broadcasting(count, datatype));
  return scope.done(PMPI_Bcast(buffer, count, datatype, root, comm));
}

CHKPT_WRAPPER int MPI_Comm_accept(const char *port_name, MPI_Info info, int root, MPI_Comm comm, MPI_Comm *newcomm) {
  const Uncounted scope("MPI_Comm_accept");
  deferrals::forever("MPI_Comm_accept");
  return PMPI_Comm_accept(port_name, info, root, comm, newcomm);
}

CHKPT_WRAPPER int MPI_Comm_connect(const char *port_name, MPI_Info info, int root, MPI_Comm comm, MPI_Comm *newcomm) {
  const Uncounted scope("MPI_Comm_connect");
  deferrals::forever("MPI_Comm_connect");
  return PMPI_Comm_connect(port_name, info, root, comm, newcomm);
}

CHKPT_WRAPPER int MPI_Comm_join(int fd, MPI_Comm *intercomm) {
  const Uncounted scope("MPI_Comm_join");
  deferrals::forever("MPI_Comm_join");
  return PMPI_Comm_join(fd, intercomm);
}

CHKPT_WRAPPER int MPI_Comm_spawn(const char *command, char *argv[], int maxprocs, MPI_Info info, int root, MPI_Comm comm, MPI_Comm *intercomm, int array_of_errcodes[]) {
  const Uncounted scope("MPI_Comm_spawn");
  deferrals::forever("MPI_Comm_spawn");
  return PMPI_Comm_spawn(command, argv, maxprocs, info, root, comm, intercomm, array_of_errcodes);
}

CHKPT_WRAPPER int MPI_Comm_spawn_multiple(int count, char *array_of_commands[], char **array_of_argv[], const int array_of_maxprocs[], const MPI_Info array_of_info[], int root, MPI_Comm comm, MPI_Comm *intercomm, int array_of_errcodes[]) {
  const Uncounted scope("MPI_Comm_spawn_multiple");
  deferrals::forever("MPI_Comm_spawn_multiple");
  return PMPI_Comm_spawn_multiple(count, array_of_commands, array_of_argv, array_of_maxprocs, array_of_info, root, comm, intercomm, array_of_errcodes);
}

CHKPT_WRAPPER int MPI_Compare_and_swap(const void *origin_addr, const void *compare_addr, void *result_addr, MPI_Datatype datatype, int target_rank, MPI_Aint target_disp, MPI_Win win) {
  windows::accessed("MPI_Compare_and_swap", win);
  return PMPI_Compare_and_swap(origin_addr, compare_addr, result_addr, datatype, target_rank, target_disp, win);
}

CHKPT_WRAPPER int MPI_Exscan(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm) {
  Collective scope("MPI_Exscan", comm);
  return scope.done(PMPI_Exscan(sendbuf, recvbuf, count, datatype, op, comm));
}

CHKPT_WRAPPER int MPI_Fetch_and_op(const void *origin_addr, void *result_addr, MPI_Datatype datatype, int target_rank, MPI_Aint target_disp, MPI_Op op, MPI_Win win) {
  windows::accessed("MPI_Fetch_and_op", win);
  return PMPI_Fetch_and_op(origin_addr, result_addr, datatype, target_rank, target_disp, op, win);
}

CHKPT_WRAPPER int MPI_File_delete(const char *filename, MPI_Info info) {
  const Uncounted scope("MPI_File_delete");
  return PMPI_File_delete(filename, info);
}

CHKPT_WRAPPER int MPI_File_get_atomicity(MPI_File fh, int *flag) {
  const Uncounted scope("MPI_File_get_atomicity");
  return PMPI_File_get_atomicity(fh, flag);
}

CHKPT_WRAPPER int MPI_File_get_byte_offset(MPI_File fh, MPI_Offset offset, MPI_Offset *disp) {
  const Uncounted scope("MPI_File_get_byte_offset");
  return PMPI_File_get_byte_offset(fh, offset, disp);
}

CHKPT_WRAPPER int MPI_File_get_group(MPI_File fh, MPI_Group *group) {
  const Uncounted scope("MPI_File_get_group");
  return PMPI_File_get_group(fh, group);
}

CHKPT_WRAPPER int MPI_File_get_info(MPI_File fh, MPI_Info *info_used) {
  const Uncounted scope("MPI_File_get_info");
  return PMPI_File_get_info(fh, info_used);
}

CHKPT_WRAPPER int MPI_File_get_position(MPI_File fh, MPI_Offset *offset) {
  const Uncounted scope("MPI_File_get_position");
  return PMPI_File_get_position(fh, offset);
}

CHKPT_WRAPPER int MPI_File_get_position_shared(MPI_File fh, MPI_Offset *offset) {
  const Uncounted scope("MPI_File_get_position_shared");
  return PMPI_File_get_position_shared(fh, offset);
}

CHKPT_WRAPPER int MPI_File_get_size(MPI_File fh, MPI_Offset *size) {
  const Uncounted scope("MPI_File_get_size");
  return PMPI_File_get_size(fh, size);
}

CHKPT_WRAPPER int MPI_File_get_type_extent(MPI_File fh, MPI_Datatype datatype, MPI_Aint *extent) {
  const Uncounted scope("MPI_File_get_type_extent");
  return PMPI_File_get_type_extent(fh, datatype, extent);
}

CHKPT_WRAPPER int MPI_File_get_view(MPI_File fh, MPI_Offset *disp, MPI_Datatype *etype, MPI_Datatype *filetype, char *datarep) {
  const Uncounted scope("MPI_File_get_view");
  return PMPI_File_get_view(fh, disp, etype, filetype, datarep);
}

CHKPT_WRAPPER int MPI_File_iread(MPI_File fh, void *buf, int count, MPI_Datatype datatype, MPI_Request *request) {
  const Uncounted scope("MPI_File_iread");
  return open_files::started(scope.by_script(), fh, PMPI_File_iread(fh, buf, count, datatype, request), request);
}

CHKPT_WRAPPER int MPI_File_iread_all(MPI_File fh, void *buf, int count, MPI_Datatype datatype, MPI_Request *request) {
  Collective scope("MPI_File_iread_all", open_files::communicator(fh), Entering::kStarts);
  return scope.started(PMPI_File_iread_all(fh, buf, count, datatype, request), request);
}

CHKPT_WRAPPER int MPI_File_iread_at(MPI_File fh, MPI_Offset offset, void *buf, int count, MPI_Datatype datatype, MPI_Request *request) {
  const Uncounted scope("MPI_File_iread_at");
  return open_files::started(scope.by_script(), fh, PMPI_File_iread_at(fh, offset, buf, count, datatype, request), request);
}

CHKPT_WRAPPER int MPI_File_iread_at_all(MPI_File fh, MPI_Offset offset, void *buf, int count, MPI_Datatype datatype, MPI_Request *request) {
  Collective scope("MPI_File_iread_at_all", open_files::communicator(fh), Entering::kStarts);
  return scope.started(PMPI_File_iread_at_all(fh, offset, buf, count, datatype, request), request);
}

CHKPT_WRAPPER int MPI_File_iread_shared(MPI_File fh, void *buf, int count, MPI_Datatype datatype, MPI_Request *request) {
  const Uncounted scope("MPI_File_iread_shared");
  return open_files::started(scope.by_script(), fh, PMPI_File_iread_shared(fh, buf, count, datatype, request), request);
}

CHKPT_WRAPPER int MPI_File_iwrite(MPI_File fh, const void *buf, int count, MPI_Datatype datatype, MPI_Request *request) {
  const Uncounted scope("MPI_File_iwrite");
  return open_files::started(scope.by_script(), fh, PMPI_File_iwrite(fh, buf, count, datatype, request), request);
}

CHKPT_WRAPPER int MPI_File_iwrite_all(MPI_File fh, const void *buf, int count, MPI_Datatype datatype, MPI_Request *request) {
  Collective scope("MPI_File_iwrite_all", open_files::communicator(fh), Entering::kStarts);
  return scope.started(PMPI_File_iwrite_all(fh, buf, count, datatype, request), request);
}

CHKPT_WRAPPER int MPI_File_iwrite_at(MPI_File fh, MPI_Offset offset, const void *buf, int count, MPI_Datatype datatype, MPI_Request *request) {
  const Uncounted scope("MPI_File_iwrite_at");
  return open_files::started(scope.by_script(), fh, PMPI_File_iwrite_at(fh, offset, buf, count, datatype, request), request);
}

CHKPT_WRAPPER int MPI_File_iwrite_at_all(MPI_File fh, MPI_Offset offset, const void *buf, int count, MPI_Datatype datatype, MPI_Request *request) {
  Collective scope("MPI_File_iwrite_at_all", open_files::communicator(fh), Entering::kStarts);
  return scope.started(PMPI_File_iwrite_at_all(fh, offset, buf, count, datatype, request), request);
}

CHKPT_WRAPPER int MPI_File_iwrite_shared(MPI_File fh, const void *buf, int count, MPI_Datatype datatype, MPI_Request *request) {
  const Uncounted scope("MPI_File_iwrite_shared");
  return open_files::started(scope.by_script(), fh, PMPI_File_iwrite_shared(fh, buf, count, datatype, request), request);
}

CHKPT_WRAPPER int MPI_File_preallocate(MPI_File fh, MPI_Offset size) {
  Collective scope("MPI_File_preallocate", open_files::communicator(fh));
  return scope.done(PMPI_File_preallocate(fh, size));
}

CHKPT_WRAPPER int MPI_File_read(MPI_File fh, void *buf, int count, MPI_Datatype datatype, MPI_Status *status) {
  const Uncounted scope("MPI_File_read");
  return PMPI_File_read(fh, buf, count, datatype, status);
}

CHKPT_WRAPPER int MPI_File_read_all(MPI_File fh, void *buf, int count, MPI_Datatype datatype, MPI_Status *status) {
  Collective scope("MPI_File_read_all", open_files::communicator(fh));
  return scope.done(PMPI_File_read_all(fh, buf, count, datatype, status));
}

CHKPT_WRAPPER int MPI_File_read_all_begin(MPI_File fh, void *buf, int count, MPI_Datatype datatype) {
  Collective scope("MPI_File_read_all_begin", open_files::communicator(fh), Entering::kStarts);
  return open_files::begun("MPI_File_read_all_begin", fh, scope.done(PMPI_File_read_all_begin(fh, buf, count, datatype)));
}

CHKPT_WRAPPER int MPI_File_read_all_end(MPI_File fh, void *buf, MPI_Status *status) {
  const Uncounted scope("MPI_File_read_all_end");
  return open_files::ended(scope.by_script(), fh, PMPI_File_read_all_end(fh, buf, status));
}

CHKPT_WRAPPER int MPI_File_read_at(MPI_File fh, MPI_Offset offset, void *buf, int count, MPI_Datatype datatype, MPI_Status *status) {
  const Uncounted scope("MPI_File_read_at");
  return PMPI_File_read_at(fh, offset, buf, count, datatype, status);
}

CHKPT_WRAPPER int MPI_File_read_at_all(MPI_File fh, MPI_Offset offset, void *buf, int count, MPI_Datatype datatype, MPI_Status *status) {
  Collective scope("MPI_File_read_at_all", open_files::communicator(fh));
  return scope.done(PMPI_File_read_at_all(fh, offset, buf, count, datatype, status));
}

CHKPT_WRAPPER int MPI_File_read_at_all_begin(MPI_File fh, MPI_Offset offset, void *buf, int count, MPI_Datatype datatype) {
  Collective scope("MPI_File_read_at_all_begin", open_files::communicator(fh), Entering::kStarts);
  return open_files::begun("MPI_File_read_at_all_begin", fh, scope.done(PMPI_File_read_at_all_begin(fh, offset, buf, count, datatype)));
}

CHKPT_WRAPPER int MPI_File_read_at_all_end(MPI_File fh, void *buf, MPI_Status *status) {
  const Uncounted scope("MPI_File_read_at_all_end");
  return open_files::ended(scope.by_script(), fh, PMPI_File_read_at_all_end(fh, buf, status));
}

CHKPT_WRAPPER int MPI_File_read_ordered(MPI_File fh, void *buf, int count, MPI_Datatype datatype, MPI_Status *status) {
  Collective scope("MPI_File_read_ordered", open_files::communicator(fh));
  return scope.done(PMPI_File_read_ordered(fh, buf, count, datatype, status));
}

CHKPT_WRAPPER int MPI_File_read_ordered_begin(MPI_File fh, void *buf, int count, MPI_Datatype datatype) {
  Collective scope("MPI_File_read_ordered_begin", open_files::communicator(fh), Entering::kStarts);
  return open_files::begun("MPI_File_read_ordered_begin", fh, scope.done(PMPI_File_read_ordered_begin(fh, buf, count, datatype)));
}

CHKPT_WRAPPER int MPI_File_read_ordered_end(MPI_File fh, void *buf, MPI_Status *status) {
  const Uncounted scope("MPI_File_read_ordered_end");
  return open_files::ended(scope.by_script(), fh, PMPI_File_read_ordered_end(fh, buf, status));
}

CHKPT_WRAPPER int MPI_File_read_shared(MPI_File fh, void *buf, int count, MPI_Datatype datatype, MPI_Status *status) {
  const Uncounted scope("MPI_File_read_shared");
  return PMPI_File_read_shared(fh, buf, count, datatype, status);
}

CHKPT_WRAPPER int MPI_File_seek(MPI_File fh, MPI_Offset offset, int whence) {
  const Uncounted scope("MPI_File_seek");
  return PMPI_File_seek(fh, offset, whence);
}

CHKPT_WRAPPER int MPI_File_seek_shared(MPI_File fh, MPI_Offset offset, int whence) {
  Collective scope("MPI_File_seek_shared", open_files::communicator(fh));
  return scope.done(PMPI_File_seek_shared(fh, offset, whence));
}

CHKPT_WRAPPER int MPI_File_set_atomicity(MPI_File fh, int flag) {
  Collective scope("MPI_File_set_atomicity", open_files::communicator(fh));
  return scope.done(PMPI_File_set_atomicity(fh, flag));
}

CHKPT_WRAPPER int MPI_File_set_info(MPI_File fh, MPI_Info info) {
  Collective scope("MPI_File_set_info", open_files::communicator(fh));
  return scope.done(PMPI_File_set_info(fh, info));
}

CHKPT_WRAPPER int MPI_File_set_size(MPI_File fh, MPI_Offset size) {
  Collective scope("MPI_File_set_size", open_files::communicator(fh));
  return scope.done(PMPI_File_set_size(fh, size));
}

CHKPT_WRAPPER int MPI_File_set_view(MPI_File fh, MPI_Offset disp, MPI_Datatype etype, MPI_Datatype filetype, const char *datarep, MPI_Info info) {
  Collective scope("MPI_File_set_view", open_files::communicator(fh));
  return scope.done(PMPI_File_set_view(fh, disp, etype, filetype, datarep, info));
}

CHKPT_WRAPPER int MPI_File_sync(MPI_File fh) {
  Collective scope("MPI_File_sync", open_files::communicator(fh));
  return scope.done(PMPI_File_sync(fh));
}

CHKPT_WRAPPER int MPI_File_write(MPI_File fh, const void *buf, int count, MPI_Datatype datatype, MPI_Status *status) {
  const Uncounted scope("MPI_File_write");
  return PMPI_File_write(fh, buf, count, datatype, status);
}

CHKPT_WRAPPER int MPI_File_write_all(MPI_File fh, const void *buf, int count, MPI_Datatype datatype, MPI_Status *status) {
  Collective scope("MPI_File_write_all", open_files::communicator(fh));
  return scope.done(PMPI_File_write_all(fh, buf, count, datatype, status));
}

CHKPT_WRAPPER int MPI_File_write_all_begin(MPI_File fh, const void *buf, int count, MPI_Datatype datatype) {
  Collective scope("MPI_File_write_all_begin", open_files::communicator(fh), Entering::kStarts);
  return open_files::begun("MPI_File_write_all_begin", fh, scope.done(PMPI_File_write_all_begin(fh, buf, count, datatype)));
}

CHKPT_WRAPPER int MPI_File_write_all_end(MPI_File fh, const void *buf, MPI_Status *status) {
  const Uncounted scope("MPI_File_write_all_end");
  return open_files::ended(scope.by_script(), fh, PMPI_File_write_all_end(fh, buf, status));
}

CHKPT_WRAPPER int MPI_File_write_at(MPI_File fh, MPI_Offset offset, const void *buf, int count, MPI_Datatype datatype, MPI_Status *status) {
  const Uncounted scope("MPI_File_write_at");
  return PMPI_File_write_at(fh, offset, buf, count, datatype, status);
}

CHKPT_WRAPPER int MPI_File_write_at_all(MPI_File fh, MPI_Offset offset, const void *buf, int count, MPI_Datatype datatype, MPI_Status *status) {
  Collective scope("MPI_File_write_at_all", open_files::communicator(fh));
  return scope.done(PMPI_File_write_at_all(fh, offset, buf, count, datatype, status));
}

CHKPT_WRAPPER int MPI_File_write_at_all_begin(MPI_File fh, MPI_Offset offset, const void *buf, int count, MPI_Datatype datatype) {
  Collective scope("MPI_File_write_at_all_begin", open_files::communicator(fh), Entering::kStarts);
  return open_files::begun("MPI_File_write_at_all_begin", fh, scope.done(PMPI_File_write_at_all_begin(fh, offset, buf, count, datatype)));
}

CHKPT_WRAPPER int MPI_File_write_at_all_end(MPI_File fh, const void *buf, MPI_Status *status) {
  const Uncounted scope("MPI_File_write_at_all_end");
  return open_files::ended(scope.by_script(), fh, PMPI_File_write_at_all_end(fh, buf, status));
}

CHKPT_WRAPPER int MPI_File_write_ordered(MPI_File fh, const void *buf, int count, MPI_Datatype datatype, MPI_Status *status) {
  Collective scope("MPI_File_write_ordered", open_files::communicator(fh));
  return scope.done(PMPI_File_write_ordered(fh, buf, count, datatype, status));
}

CHKPT_WRAPPER int MPI_File_write_ordered_begin(MPI_File fh, const void *buf, int count, MPI_Datatype datatype) {
  Collective scope("MPI_File_write_ordered_begin", open_files::communicator(fh), Entering::kStarts);
  return open_files::begun("MPI_File_write_ordered_begin", fh, scope.done(PMPI_File_write_ordered_begin(fh, buf, count, datatype)));
}

CHKPT_WRAPPER int MPI_File_write_ordered_end(MPI_File fh, const void *buf, MPI_Status *status) {
  const Uncounted scope("MPI_File_write_ordered_end");
  return open_files::ended(scope.by_script(), fh, PMPI_File_write_ordered_end(fh, buf, status));
}

CHKPT_WRAPPER int MPI_File_write_shared(MPI_File fh, const void *buf, int count, MPI_Datatype datatype, MPI_Status *status) {
  const Uncounted scope("MPI_File_write_shared");
  return PMPI_File_write_shared(fh, buf, count, datatype, status);
}

CHKPT_WRAPPER int MPI_Gather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm) {
  Collective scope("MPI_Gather", comm);
  return scope.done(PMPI_Gather(sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, root, comm));
}

CHKPT_WRAPPER int MPI_Gatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, const int recvcounts[], const int displs[], MPI_Datatype recvtype, int root, MPI_Comm comm) {
  Collective scope("MPI_Gatherv", comm);
  return scope.done(PMPI_Gatherv(sendbuf, sendcount, sendtype, recvbuf, recvcounts, displs, recvtype, root, comm));
}

CHKPT_WRAPPER int MPI_Get(void *origin_addr, int origin_count, MPI_Datatype origin_datatype, int target_rank, MPI_Aint target_disp, int target_count, MPI_Datatype target_datatype, MPI_Win win) {
  windows::accessed("MPI_Get", win);
  return PMPI_Get(origin_addr, origin_count, origin_datatype, target_rank, target_disp, target_count, target_datatype, win);
}

CHKPT_WRAPPER int MPI_Get_accumulate(const void *origin_addr, int origin_count, MPI_Datatype origin_datatype, void *result_addr, int result_count, MPI_Datatype result_datatype, int target_rank, MPI_Aint target_disp, int target_count, MPI_Datatype target_datatype, MPI_Op op, MPI_Win win) {
  windows::accessed("MPI_Get_accumulate", win);
  return PMPI_Get_accumulate(origin_addr, origin_count, origin_datatype, result_addr, result_count, result_datatype, target_rank, target_disp, target_count, target_datatype, op, win);
}

CHKPT_WRAPPER int MPI_Iallgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Iallgather", comm, Entering::kStarts);
  return scope.started(PMPI_Iallgather(sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, comm, request), request);
}

CHKPT_WRAPPER int MPI_Iallgatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, const int recvcounts[], const int displs[], MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Iallgatherv", comm, Entering::kStarts);
  return scope.started(PMPI_Iallgatherv(sendbuf, sendcount, sendtype, recvbuf, recvcounts, displs, recvtype, comm, request), request);
}

CHKPT_WRAPPER int MPI_Iallreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Iallreduce", comm, Entering::kStarts);
  return scope.started(PMPI_Iallreduce(sendbuf, recvbuf, count, datatype, op, comm, request), request);
}

CHKPT_WRAPPER int MPI_Ialltoall(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Ialltoall", comm, Entering::kStarts);
  return scope.started(PMPI_Ialltoall(sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, comm, request), request);
}

CHKPT_WRAPPER int MPI_Ialltoallv(const void *sendbuf, const int sendcounts[], const int sdispls[], MPI_Datatype sendtype, void *recvbuf, const int recvcounts[], const int rdispls[], MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Ialltoallv", comm, Entering::kStarts);
  return scope.started(PMPI_Ialltoallv(sendbuf, sendcounts, sdispls, sendtype, recvbuf, recvcounts, rdispls, recvtype, comm, request), request);
}

CHKPT_WRAPPER int MPI_Ialltoallw(const void *sendbuf, const int sendcounts[], const int sdispls[], const MPI_Datatype sendtypes[], void *recvbuf, const int recvcounts[], const int rdispls[], const MPI_Datatype recvtypes[], MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Ialltoallw", comm, Entering::kStarts);
  return scope.started(PMPI_Ialltoallw(sendbuf, sendcounts, sdispls, sendtypes, recvbuf, recvcounts, rdispls, recvtypes, comm, request), request);
}

CHKPT_WRAPPER int MPI_Ibarrier(MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Ibarrier", comm, Entering::kStarts);
  return scope.started(PMPI_Ibarrier(comm, request), request);
}

CHKPT_WRAPPER int MPI_Ibcast(void *buffer, int count, MPI_Datatype datatype, int root, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Ibcast", comm, Entering::kStarts);
  return scope.started(PMPI_Ibcast(buffer, count, datatype, root, comm, request), request);
}

CHKPT_WRAPPER int MPI_Iexscan(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Iexscan", comm, Entering::kStarts);
  return scope.started(PMPI_Iexscan(sendbuf, recvbuf, count, datatype, op, comm, request), request);
}

CHKPT_WRAPPER int MPI_Igather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Igather", comm, Entering::kStarts);
  return scope.started(PMPI_Igather(sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, root, comm, request), request);
}

CHKPT_WRAPPER int MPI_Igatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, const int recvcounts[], const int displs[], MPI_Datatype recvtype, int root, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Igatherv", comm, Entering::kStarts);
  return scope.started(PMPI_Igatherv(sendbuf, sendcount, sendtype, recvbuf, recvcounts, displs, recvtype, root, comm, request), request);
}

CHKPT_WRAPPER int MPI_Ineighbor_allgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Ineighbor_allgather", comm, Entering::kStarts);
  return scope.started(PMPI_Ineighbor_allgather(sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, comm, request), request);
}

CHKPT_WRAPPER int MPI_Ineighbor_allgatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, const int recvcounts[], const int displs[], MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Ineighbor_allgatherv", comm, Entering::kStarts);
  return scope.started(PMPI_Ineighbor_allgatherv(sendbuf, sendcount, sendtype, recvbuf, recvcounts, displs, recvtype, comm, request), request);
}

CHKPT_WRAPPER int MPI_Ineighbor_alltoall(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Ineighbor_alltoall", comm, Entering::kStarts);
  return scope.started(PMPI_Ineighbor_alltoall(sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, comm, request), request);
}

CHKPT_WRAPPER int MPI_Ineighbor_alltoallv(const void *sendbuf, const int sendcounts[], const int sdispls[], MPI_Datatype sendtype, void *recvbuf, const int recvcounts[], const int rdispls[], MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Ineighbor_alltoallv", comm, Entering::kStarts);
  return scope.started(PMPI_Ineighbor_alltoallv(sendbuf, sendcounts, sdispls, sendtype, recvbuf, recvcounts, rdispls, recvtype, comm, request), request);
}

CHKPT_WRAPPER int MPI_Ineighbor_alltoallw(const void *sendbuf, const int sendcounts[], const MPI_Aint sdispls[], const MPI_Datatype sendtypes[], void *recvbuf, const int recvcounts[], const MPI_Aint rdispls[], const MPI_Datatype recvtypes[], MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Ineighbor_alltoallw", comm, Entering::kStarts);
  return scope.started(PMPI_Ineighbor_alltoallw(sendbuf, sendcounts, sdispls, sendtypes, recvbuf, recvcounts, rdispls, recvtypes, comm, request), request);
}

CHKPT_WRAPPER int MPI_Ireduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, int root, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Ireduce", comm, Entering::kStarts);
  return scope.started(PMPI_Ireduce(sendbuf, recvbuf, count, datatype, op, root, comm, request), request);
}

CHKPT_WRAPPER int MPI_Ireduce_scatter(const void *sendbuf, void *recvbuf, const int recvcounts[], MPI_Datatype datatype, MPI_Op op, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Ireduce_scatter", comm, Entering::kStarts);
  return scope.started(PMPI_Ireduce_scatter(sendbuf, recvbuf, recvcounts, datatype, op, comm, request), request);
}

CHKPT_WRAPPER int MPI_Ireduce_scatter_block(const void *sendbuf, void *recvbuf, int recvcount, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Ireduce_scatter_block", comm, Entering::kStarts);
  return scope.started(PMPI_Ireduce_scatter_block(sendbuf, recvbuf, recvcount, datatype, op, comm, request), request);
}

CHKPT_WRAPPER int MPI_Iscan(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Iscan", comm, Entering::kStarts);
  return scope.started(PMPI_Iscan(sendbuf, recvbuf, count, datatype, op, comm, request), request);
}

CHKPT_WRAPPER int MPI_Iscatter(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Iscatter", comm, Entering::kStarts);
  return scope.started(PMPI_Iscatter(sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, root, comm, request), request);
}

CHKPT_WRAPPER int MPI_Iscatterv(const void *sendbuf, const int sendcounts[], const int displs[], MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm, MPI_Request *request) {
  Collective scope("MPI_Iscatterv", comm, Entering::kStarts);
  return scope.started(PMPI_Iscatterv(sendbuf, sendcounts, displs, sendtype, recvbuf, recvcount, recvtype, root, comm, request), request);
}

CHKPT_WRAPPER int MPI_Neighbor_allgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm) {
  Collective scope("MPI_Neighbor_allgather", comm);
  return scope.done(PMPI_Neighbor_allgather(sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, comm));
}

CHKPT_WRAPPER int MPI_Neighbor_allgatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, const int recvcounts[], const int displs[], MPI_Datatype recvtype, MPI_Comm comm) {
  Collective scope("MPI_Neighbor_allgatherv", comm);
  return scope.done(PMPI_Neighbor_allgatherv(sendbuf, sendcount, sendtype, recvbuf, recvcounts, displs, recvtype, comm));
}

CHKPT_WRAPPER int MPI_Neighbor_alltoall(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, MPI_Comm comm) {
  Collective scope("MPI_Neighbor_alltoall", comm);
  return scope.done(PMPI_Neighbor_alltoall(sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, comm));
}

CHKPT_WRAPPER int MPI_Neighbor_alltoallv(const void *sendbuf, const int sendcounts[], const int sdispls[], MPI_Datatype sendtype, void *recvbuf, const int recvcounts[], const int rdispls[], MPI_Datatype recvtype, MPI_Comm comm) {
  Collective scope("MPI_Neighbor_alltoallv", comm);
  return scope.done(PMPI_Neighbor_alltoallv(sendbuf, sendcounts, sdispls, sendtype, recvbuf, recvcounts, rdispls, recvtype, comm));
}

CHKPT_WRAPPER int MPI_Neighbor_alltoallw(const void *sendbuf, const int sendcounts[], const MPI_Aint sdispls[], const MPI_Datatype sendtypes[], void *recvbuf, const int recvcounts[], const MPI_Aint rdispls[], const MPI_Datatype recvtypes[], MPI_Comm comm) {
  Collective scope("MPI_Neighbor_alltoallw", comm);
  return scope.done(PMPI_Neighbor_alltoallw(sendbuf, sendcounts, sdispls, sendtypes, recvbuf, recvcounts, rdispls, recvtypes, comm));
}

CHKPT_WRAPPER int MPI_Put(const void *origin_addr, int origin_count, MPI_Datatype origin_datatype, int target_rank, MPI_Aint target_disp, int target_count, MPI_Datatype target_datatype, MPI_Win win) {
  windows::accessed("MPI_Put", win);
  return PMPI_Put(origin_addr, origin_count, origin_datatype, target_rank, target_disp, target_count, target_datatype, win);
}

CHKPT_WRAPPER int MPI_Raccumulate(const void *origin_addr, int origin_count, MPI_Datatype origin_datatype, int target_rank, MPI_Aint target_disp, int target_count, MPI_Datatype target_datatype, MPI_Op op, MPI_Win win, MPI_Request *request) {
  windows::accessed("MPI_Raccumulate", win);
  return windows::started(win, PMPI_Raccumulate(origin_addr, origin_count, origin_datatype, target_rank, target_disp, target_count, target_datatype, op, win, request), request);
}

CHKPT_WRAPPER int MPI_Reduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, int root, MPI_Comm comm) {
  Collective scope("MPI_Reduce", comm);
  return scope.done(PMPI_Reduce(sendbuf, recvbuf, count, datatype, op, root, comm));
}

CHKPT_WRAPPER int MPI_Reduce_scatter(const void *sendbuf, void *recvbuf, const int recvcounts[], MPI_Datatype datatype, MPI_Op op, MPI_Comm comm) {
  Collective scope("MPI_Reduce_scatter", comm);
  return scope.done(PMPI_Reduce_scatter(sendbuf, recvbuf, recvcounts, datatype, op, comm));
}

CHKPT_WRAPPER int MPI_Reduce_scatter_block(const void *sendbuf, void *recvbuf, int recvcount, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm) {
  Collective scope("MPI_Reduce_scatter_block", comm);
  return scope.done(PMPI_Reduce_scatter_block(sendbuf, recvbuf, recvcount, datatype, op, comm));
}

CHKPT_WRAPPER int MPI_Register_datarep(const char *datarep, MPI_Datarep_conversion_function *read_conversion_fn, MPI_Datarep_conversion_function *write_conversion_fn, MPI_Datarep_extent_function *dtype_file_extent_fn, void *extra_state) {
  const Uncounted scope("MPI_Register_datarep");
  deferrals::forever("MPI_Register_datarep");
  return PMPI_Register_datarep(datarep, read_conversion_fn, write_conversion_fn, dtype_file_extent_fn, extra_state);
}

CHKPT_WRAPPER int MPI_Rget(void *origin_addr, int origin_count, MPI_Datatype origin_datatype, int target_rank, MPI_Aint target_disp, int target_count, MPI_Datatype target_datatype, MPI_Win win, MPI_Request *request) {
  windows::accessed("MPI_Rget", win);
  return windows::started(win, PMPI_Rget(origin_addr, origin_count, origin_datatype, target_rank, target_disp, target_count, target_datatype, win, request), request);
}

CHKPT_WRAPPER int MPI_Rget_accumulate(const void *origin_addr, int origin_count, MPI_Datatype origin_datatype, void *result_addr, int result_count, MPI_Datatype result_datatype, int target_rank, MPI_Aint target_disp, int target_count, MPI_Datatype target_datatype, MPI_Op op, MPI_Win win, MPI_Request *request) {
  windows::accessed("MPI_Rget_accumulate", win);
  return windows::started(win, PMPI_Rget_accumulate(origin_addr, origin_count, origin_datatype, result_addr, result_count, result_datatype, target_rank, target_disp, target_count, target_datatype, op, win, request), request);
}

CHKPT_WRAPPER int MPI_Rput(const void *origin_addr, int origin_count, MPI_Datatype origin_datatype, int target_rank, MPI_Aint target_disp, int target_cout, MPI_Datatype target_datatype, MPI_Win win, MPI_Request *request) {
  windows::accessed("MPI_Rput", win);
  return windows::started(win, PMPI_Rput(origin_addr, origin_count, origin_datatype, target_rank, target_disp, target_cout, target_datatype, win, request), request);
}

CHKPT_WRAPPER int MPI_Scan(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm) {
  Collective scope("MPI_Scan", comm);
  return scope.done(PMPI_Scan(sendbuf, recvbuf, count, datatype, op, comm));
}

CHKPT_WRAPPER int MPI_Scatter(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm) {
  Collective scope("MPI_Scatter", comm);
  return scope.done(PMPI_Scatter(sendbuf, sendcount, sendtype, recvbuf, recvcount, recvtype, root, comm));
}

CHKPT_WRAPPER int MPI_Scatterv(const void *sendbuf, const int sendcounts[], const int displs[], MPI_Datatype sendtype, void *recvbuf, int recvcount, MPI_Datatype recvtype, int root, MPI_Comm comm) {
  Collective scope("MPI_Scatterv", comm);
  return scope.done(PMPI_Scatterv(sendbuf, sendcounts, displs, sendtype, recvbuf, recvcount, recvtype, root, comm));
}
