# SPDX-License-Identifier: BSD-3-Clause
# Fails if PROGRAM looks for libraries in the current directory: an empty or relative element of its
# run path would let whoever can write there run code in it.
execute_process(COMMAND ${READELF} -dW ${PROGRAM} OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
if(NOT dynamic MATCHES "NEEDED")
  message(FATAL_ERROR "${READELF} says nothing about ${PROGRAM}:\n${dynamic}")
endif()
if(dynamic MATCHES "R(UN)?PATH[^[]*\\[([^]]*)\\]")
  set(run_path "${CMAKE_MATCH_2}")
  if(NOT run_path MATCHES "^(/|\\$ORIGIN)[^:]*(:(/|\\$ORIGIN)[^:]*)*$")
    message(FATAL_ERROR "${PROGRAM} searches the run path '${run_path}'")
  endif()
endif()
