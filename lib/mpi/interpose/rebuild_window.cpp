// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/rebuild_window.hpp"

#include <cstring>

#include "mpi/interpose/epochs.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi {
namespace {

template <class T>
T* attribute(MPI_Win win, int key) {
  void* value = nullptr;
  int found = 0;
  check(PMPI_Win_get_attr(win, key, static_cast<void*>(&value), &found), "MPI_Win_get_attr");
  if (found == 0) throw CannotSave("an MPI window without the attributes every window has");
  return static_cast<T*>(value);
}

WindowMemory memory_of(MPI_Win win) {
  switch (*attribute<int>(win, MPI_WIN_CREATE_FLAVOR)) {
    case MPI_WIN_FLAVOR_CREATE:
      return WindowMemory::kScript;
    case MPI_WIN_FLAVOR_ALLOCATE:
      return WindowMemory::kLibrary;
    case MPI_WIN_FLAVOR_SHARED:
      return WindowMemory::kShared;
    default:
      throw CannotSave("an MPI window of an unknown flavor");
  }
}

ErrorHandler error_handler_of(MPI_Win win) {
  MPI_Errhandler handler = MPI_ERRHANDLER_NULL;
  check(PMPI_Win_get_errhandler(win, &handler), "MPI_Win_get_errhandler");
  const bool fatal = handler == MPI_ERRORS_ARE_FATAL;
  const bool returns = handler == MPI_ERRORS_RETURN;
  check(PMPI_Errhandler_free(&handler), "MPI_Errhandler_free");
  if (!fatal && !returns) throw CannotSave("an MPI window with a user-defined error handler");
  return fatal ? ErrorHandler::kFatal : ErrorHandler::kReturn;
}

InfoEntries info_of(MPI_Win win) {
  Info info;
  check(PMPI_Win_get_info(win, info.out()), "MPI_Win_get_info");
  return info.entries();
}

// This rank's part of a shared window: the library may give more than was asked for, and shows it.
struct Part {
  void* base = nullptr;
  MPI_Aint size = 0;
};

Part own_part(MPI_Win win, int rank) {
  Part part;
  int disp_unit = 0;
  check(PMPI_Win_shared_query(win, rank, &part.size, &disp_unit, static_cast<void*>(&part.base)),
        "MPI_Win_shared_query");
  return part;
}

// The memory the library has allocated for this rank.
Part library_part(const WindowRecipe& recipe, MPI_Win win, int rank) {
  if (recipe.memory == WindowMemory::kShared) return own_part(win, rank);
  return {window_base(win), window_size(win)};
}

void fill(const WindowRecipe& recipe, MPI_Win win, int rank) {
  const Part part = library_part(recipe, win, rank);
  if (part.size != static_cast<MPI_Aint>(recipe.content.size())) {
    throw MpiError("an MPI window was rebuilt with another size");
  }
  if (part.size > 0) std::memcpy(part.base, recipe.content.data(), recipe.content.size());
}

MPI_Win make(const WindowRecipe& recipe, MPI_Comm comm, void* base) {
  const Info info(recipe.info);
  MPI_Win win = MPI_WIN_NULL;
  void* memory = nullptr;
  if (recipe.memory == WindowMemory::kScript) {
    check(PMPI_Win_create(base, recipe.size, recipe.disp_unit, info.get(), comm, &win),
          "MPI_Win_create");
  } else if (recipe.memory == WindowMemory::kLibrary) {
    check(PMPI_Win_allocate(recipe.size, recipe.disp_unit, info.get(), comm, &memory, &win),
          "MPI_Win_allocate");
  } else {
    check(PMPI_Win_allocate_shared(recipe.size, recipe.disp_unit, info.get(), comm, &memory, &win),
          "MPI_Win_allocate_shared");
  }
  return win;
}

// Nobody held a lock in its way, or there would have been no cut.
void lock_all_again(WindowInfo& window, int assertion) {
  check(PMPI_Win_lock_all(assertion, window.handle), "MPI_Win_lock_all");
  window.locked_all = assertion;
  ++window.passive;
  epochs::reopen_lock_all(&window);
}

}  // namespace

void* window_base(MPI_Win win) { return attribute<void>(win, MPI_WIN_BASE); }
MPI_Aint window_size(MPI_Win win) { return *attribute<MPI_Aint>(win, MPI_WIN_SIZE); }
bool is_script_memory(MPI_Win win) { return memory_of(win) == WindowMemory::kScript; }
bool is_shared(MPI_Win win) { return memory_of(win) == WindowMemory::kShared; }

WindowRecipe describe_window(const WindowInfo& window) {
  WindowRecipe recipe;
  const MPI_Win win = window.handle;
  recipe.id = window.comm->id;
  recipe.memory = memory_of(win);
  recipe.size = window_size(win);
  recipe.disp_unit = *attribute<int>(win, MPI_WIN_DISP_UNIT);
  recipe.info = info_of(win);
  char name[MPI_MAX_OBJECT_NAME + 1] = "";
  int length = 0;
  check(PMPI_Win_get_name(win, name, &length), "MPI_Win_get_name");
  recipe.name.assign(name, static_cast<std::size_t>(length));
  recipe.errors = error_handler_of(win);
  recipe.fence_open = window.fence_open;
  recipe.locked_all = window.locked_all;
  if (recipe.memory == WindowMemory::kScript) return recipe;
  const Part part = library_part(recipe, win, window.comm->rank);
  const auto* bytes = static_cast<const std::uint8_t*>(part.base);
  if (part.size > 0) recipe.content.assign(bytes, bytes + part.size);
  return recipe;
}

void write_window(RecipeWriter& out, const WindowRecipe& recipe) {
  out.text(recipe.id);
  out.i64(static_cast<int>(recipe.memory));
  out.i64(recipe.size);
  out.i64(recipe.disp_unit);
  write_info(out, recipe.info);
  out.text(recipe.name);
  out.i64(static_cast<int>(recipe.errors));
  out.u64(recipe.fence_open ? 1 : 0);
  out.u64(recipe.locked_all ? 1 : 0);
  out.i64(recipe.locked_all.value_or(0));
  out.bytes(recipe.content.data(), recipe.content.size());
}

WindowRecipe read_window(RecipeReader& in) {
  WindowRecipe recipe;
  recipe.id = in.text();
  const int memory = in.integer();
  if (memory < 0 || memory > 2) throw FormatError("MPI recipe: unknown kind of window");
  recipe.memory = static_cast<WindowMemory>(memory);
  recipe.size = in.i64();
  recipe.disp_unit = in.integer();
  recipe.info = read_info(in);
  recipe.name = in.text();
  recipe.errors = in.integer() == 0 ? ErrorHandler::kFatal : ErrorHandler::kReturn;
  recipe.fence_open = in.u64() != 0;
  const bool locked_all = in.u64() != 0;
  const int assertion = in.integer();
  if (locked_all) recipe.locked_all = assertion;
  const ByteView content = in.bytes();
  recipe.content.assign(content.data, content.data + content.size);
  return recipe;
}

void build_window(const WindowRecipe& recipe, void* base) {
  CommInfo* comm = registry().find(recipe.id);
  if (comm == nullptr) throw FormatError("MPI recipe: a window without communicator " + recipe.id);
  const MPI_Win win = make(recipe, comm->handle, base);
  check(PMPI_Win_set_name(win, recipe.name.c_str()), "MPI_Win_set_name");
  check(PMPI_Win_set_errhandler(
            win, recipe.errors == ErrorHandler::kFatal ? MPI_ERRORS_ARE_FATAL : MPI_ERRORS_RETURN),
        "MPI_Win_set_errhandler");
  if (recipe.memory != WindowMemory::kScript) fill(recipe, win, comm->rank);
  WindowInfo& window = windows::add(win, *comm);
  window.fence_open = recipe.fence_open;
  if (recipe.fence_open) check(PMPI_Win_fence(0, win), "MPI_Win_fence");
  if (recipe.locked_all) lock_all_again(window, *recipe.locked_all);
}

}  // namespace chkpt::mpi
