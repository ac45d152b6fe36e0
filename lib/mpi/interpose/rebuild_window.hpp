// SPDX-License-Identifier: BSD-3-Clause
// Recipe of one RMA window as the library shows it. A window whose memory is the library's goes
// with the bytes of this rank's part; the memory of one on a buffer of the script's is the
// script's object, saved as such, and the window is made when that object exists again.
#pragma once

#include <mpi.h>

#include <string>

#include "mpi/interpose/rebuild_communicator.hpp"
#include "mpi/interpose/rebuild_info.hpp"
#include "mpi/interpose/windows.hpp"

namespace chkpt::mpi {

enum class WindowMemory : int { kScript = 0, kLibrary = 1, kShared = 2 };

struct WindowRecipe {
  CommId id;
  WindowMemory memory = WindowMemory::kScript;
  MPI_Aint size = 0;
  int disp_unit = 1;
  InfoEntries info;
  std::string name;
  ErrorHandler errors = ErrorHandler::kFatal;
  bool fence_open = false;
  std::optional<int> locked_all;  // its assertion
  Bytes content;                  // unless kScript
};

// Throws CannotSave.
WindowRecipe describe_window(const WindowInfo& window);
void write_window(RecipeWriter& out, const WindowRecipe& recipe);
WindowRecipe read_window(RecipeReader& in);

// Collective over the members, whose communicator must have been rebuilt; enters the window.
// `base` counts for kScript only.
void build_window(const WindowRecipe& recipe, void* base);

// MPI_WIN_BASE, and so on.
void* window_base(MPI_Win win);
MPI_Aint window_size(MPI_Win win);
bool is_shared(MPI_Win win);
bool is_script_memory(MPI_Win win);

}  // namespace chkpt::mpi
