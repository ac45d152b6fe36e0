// SPDX-License-Identifier: BSD-3-Clause
// Turns the return code of an MPI call into MpiError with the library's own text. Only for calls
// that report errors by their return value (local queries, objects under MPI_ERRORS_RETURN).
#pragma once

#include <mpi.h>

#include <string>

#include "base/error.hpp"

namespace chkpt::mpi {

inline void call(int code, const char* what) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING + 1] = "";
  int length = 0;
  if (PMPI_Error_string(code, text, &length) != MPI_SUCCESS) length = 0;
  throw MpiError(std::string(what) + ": " + std::string(text, static_cast<std::size_t>(length)));
}

}  // namespace chkpt::mpi
