# SPDX-License-Identifier: BSD-3-Clause
# cmake -DPROGRAM=chkpt-mpi -DNM=nm -P check_exports.cmake
# What chkpt-mpi must export (Python for extension modules, MPI for mpi4py) and must not (its HDF5),
# and that it loads no shared HDF5 or libpython.
execute_process(COMMAND ${NM} -D --defined-only ${PROGRAM}
  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[ \t]H5[A-Za-z_0-9]*\n" hdf5 "${symbols}")
if(hdf5)
  list(LENGTH hdf5 count)
  message(FATAL_ERROR "${PROGRAM} exports ${count} HDF5 symbols; a script's h5py would bind to them")
endif()
string(REGEX MATCHALL " _?Py[A-Za-z_0-9]*\n" python "${symbols}")
list(LENGTH python count)
if(count LESS 1000)
  message(FATAL_ERROR "${PROGRAM} exports only ${count} Python symbols: extension modules need them")
endif()
foreach(name IN ITEMS MPI_Init_thread MPI_Finalize MPI_Send MPI_Recv MPI_Isend MPI_Irecv MPI_Waitall
                      MPI_Mprobe MPI_Barrier MPI_Allreduce MPI_Comm_dup MPI_Comm_split
                      MPI_Cart_create)
  if(NOT symbols MATCHES " [TW] ${name}\n")
    message(FATAL_ERROR "${PROGRAM} does not export its wrapper ${name}")
  endif()
endforeach()
execute_process(COMMAND ldd ${PROGRAM} OUTPUT_VARIABLE libraries COMMAND_ERROR_IS_FATAL ANY)
if(libraries MATCHES "libhdf5|libpython")
  message(FATAL_ERROR "${PROGRAM} loads a shared HDF5 or libpython:\n${libraries}")
endif()
