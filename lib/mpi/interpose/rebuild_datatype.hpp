// SPDX-License-Identifier: BSD-3-Clause
// Recipes of MPI datatypes. A predefined type is its name; a derived one is asked how it was made
// (MPI_Type_get_envelope and _contents, recursively) and made again by the same calls.
#pragma once

#include <mpi.h>

#include "base/bytes.hpp"
#include "mpi/interpose/rebuild_stream.hpp"

namespace chkpt::mpi {

// Throws CannotSave for a constructor chkpt does not know.
Bytes describe_datatype(MPI_Datatype type);
// The new type is committed and belongs to the caller; a predefined one must not be freed.
MPI_Datatype build_datatype(ByteView recipe);

}  // namespace chkpt::mpi
