! SPDX-License-Identifier: BSD-3-Clause
! Messages between ranks, sent and received by Fortran code: for test_fortran_mpi.py.
subroutine put(comm, rank, value)
  include 'mpif.h'
  integer comm, rank, ierror
  double precision value
  call MPI_Send(value, 1, MPI_DOUBLE_PRECISION, rank, 5, comm, ierror)
end subroutine

subroutine take(comm, rank, value)
  include 'mpif.h'
  integer comm, rank, ierror, status(MPI_STATUS_SIZE)
  double precision value
  call MPI_Recv(value, 1, MPI_DOUBLE_PRECISION, rank, 5, comm, status, ierror)
end subroutine

subroutine add_up(comm, value)
  include 'mpif.h'
  integer comm, ierror
  double precision value
  call MPI_Allreduce(MPI_IN_PLACE, value, 1, MPI_DOUBLE_PRECISION, MPI_SUM, comm, ierror)
end subroutine

! A message that nobody but Fortran code knows.
subroutine match(comm, rank, message)
  include 'mpif.h'
  integer comm, rank, message, ierror, status(MPI_STATUS_SIZE)
  call MPI_Mprobe(rank, 7, comm, message, status, ierror)
end subroutine

subroutine get(message, value)
  include 'mpif.h'
  integer message, ierror, status(MPI_STATUS_SIZE)
  double precision value
  call MPI_Mrecv(value, 1, MPI_DOUBLE_PRECISION, message, status, ierror)
end subroutine

! A request that nobody but Fortran code knows.
subroutine expect(comm, rank, value, request)
  include 'mpif.h'
  integer comm, rank, request, ierror
  double precision value
  call MPI_Irecv(value, 1, MPI_DOUBLE_PRECISION, rank, 6, comm, request, ierror)
end subroutine

subroutine answer(comm, rank, value)
  include 'mpif.h'
  integer comm, rank, ierror
  double precision value
  call MPI_Send(value, 1, MPI_DOUBLE_PRECISION, rank, 6, comm, ierror)
end subroutine

subroutine finish(request)
  include 'mpif.h'
  integer request, ierror, status(MPI_STATUS_SIZE)
  call MPI_Wait(request, status, ierror)
end subroutine
