// SPDX-License-Identifier: BSD-3-Clause
// Recipe of one open MPI file: how it was opened, its view, its pointers. What is in the file is
// the journal's business (lib/files); when it is opened again it is cut to its size at the cut.
#pragma once

#include <mpi.h>

#include <string>

#include "mpi/interpose/open_files.hpp"
#include "mpi/interpose/rebuild_communicator.hpp"
#include "mpi/interpose/rebuild_info.hpp"

namespace chkpt::mpi {

struct FileRecipe {
  CommId id;
  std::string path;
  int amode = 0;
  InfoEntries info;
  ErrorHandler errors = ErrorHandler::kReturn;
  MPI_Offset size = 0;
  MPI_Offset disp = 0;
  Bytes etype, filetype;
  std::string representation;
  MPI_Offset position = 0, shared_position = 0;
  bool atomic = false;
};

// Throws CannotSave.
FileRecipe describe_file(const FileInfo& file);
void write_file(RecipeWriter& out, const FileRecipe& recipe);
FileRecipe read_file(RecipeReader& in);

// Collective over the members, whose communicator must have been rebuilt; enters the file.
void build_file(const FileRecipe& recipe);

}  // namespace chkpt::mpi
