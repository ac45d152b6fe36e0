# SPDX-License-Identifier: BSD-3-Clause
# Fails if PROGRAM is dynamically linked with Python, MPI or HDF5.
execute_process(COMMAND ldd ${PROGRAM} OUTPUT_VARIABLE libraries COMMAND_ERROR_IS_FATAL ANY)
foreach(unwanted IN ITEMS libpython libmpi libopen-rte libhdf5)
  if(libraries MATCHES "${unwanted}")
    message(FATAL_ERROR "${PROGRAM} links ${unwanted}:\n${libraries}")
  endif()
endforeach()
if(NOT libraries MATCHES "libc\\.so")
  message(FATAL_ERROR "ldd says nothing about ${PROGRAM}:\n${libraries}")
endif()
