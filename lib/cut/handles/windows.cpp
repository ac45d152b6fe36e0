// SPDX-License-Identifier: BSD-3-Clause
#include "cut/handles/windows.hpp"

#include <map>
#include <set>

#include "mpi/session.hpp"

namespace chkpt::cut::handles {
namespace {

using mpi::check;
using mpi::WindowInfo;
using mpi::WindowMemory;
using mpi::WindowRecipe;

struct Promised {
  WindowRecipe recipe;
  void* base = nullptr;
  MPI_Win handle = MPI_WIN_NULL;  // until the window is made
  std::vector<Ref> objects;       // that share it
};

std::map<mpi::CommId, Promised>& promised() {
  static auto* table = new std::map<mpi::CommId, Promised>;
  return *table;
}

std::set<mpi::CommId>& described() {
  static std::set<mpi::CommId> ids;
  return ids;
}

PyObject*& memory_in(PyObject* win) { return reinterpret_cast<WinObject*>(win)->memory; }

struct Place {
  void* base = nullptr;
  Py_ssize_t size = 0;
};

// Of an MPI.memory, which keeps it where it is.
Place place_of(PyObject* memory) {
  Py_buffer view;
  checked(PyObject_GetBuffer(memory, &view, PyBUF_SIMPLE));
  const Place place{view.buf, view.len};
  PyBuffer_Release(&view);
  return place;
}

void check_place(const WindowInfo& window, PyObject* memory) {
  const Place place = place_of(memory);
  if (place.size != mpi::window_size(window.handle) ||
      (place.size > 0 && place.base != mpi::window_base(window.handle))) {
    throw CannotSave("an MPI.Win whose memory is not the buffer it was made of");
  }
}

void restore_promised(PyObject* object, Promised* window, PyObject* memory) {
  if (memory != Py_None && !window->base) {
    const Place place = place_of(memory);
    if (place.size != window->recipe.size) {
      throw PythonError("an MPI.Win on a buffer that has another size now");
    }
    window->base = place.base;
    window->handle = mpi::windows::promise(place.base, place.size, window->recipe.disp_unit);
  }
  if (window->handle == MPI_WIN_NULL) {
    window->handle = mpi::windows::promise(nullptr, 0, window->recipe.disp_unit);
  }
  handle_in<MPI_Win>(object) = window->handle;
  window->objects.push_back(Ref::borrow(object));
}

}  // namespace

Ref describe_window(const Module& m, PyObject* object) {
  if (!m.knows_windows()) throw CannotSave("an MPI.Win of this version of mpi4py");
  const WindowInfo* window = mpi::windows::find(handle_in<MPI_Win>(object));
  if (!window) throw CannotSave("an MPI.Win chkpt does not follow (freed through another object)");
  PyObject* memory = memory_in(object) ? memory_in(object) : Py_None;
  if (memory != Py_None) {
    check_place(*window, memory);
  } else if (mpi::is_script_memory(window->handle) && mpi::window_size(window->handle) > 0) {
    throw CannotSave("an MPI.Win that does not know the memory it was made of");
  }
  described().insert(window->comm->id);
  return checked(Py_BuildValue("(s#O)", window->comm->id.data(),
                               static_cast<Py_ssize_t>(window->comm->id.size()), memory));
}

void restore_window(PyObject* object, PyObject* payload) {
  const char* text = nullptr;
  Py_ssize_t length = 0;
  PyObject* memory = nullptr;
  if (!PyArg_ParseTuple(payload, "s#O", &text, &length, &memory)) throw_pending_exception();
  const mpi::CommId id(text, static_cast<std::size_t>(length));
  const auto waiting = promised().find(id);
  if (waiting != promised().end()) {
    restore_promised(object, &waiting->second, memory);
  } else if (const WindowInfo* window = mpi::windows::find(id)) {
    handle_in<MPI_Win>(object) = window->handle;
  } else {
    throw PythonError("the MPI window on communicator " + id + " has not been rebuilt");
  }
  Py_XSETREF(memory_in(object), Py_NewRef(memory));
}

void forget_described_windows() { described().clear(); }

void check_windows_described(const std::vector<WindowRecipe>& recipes) {
  for (const WindowRecipe& recipe : recipes) {
    if (described().count(recipe.id) == 0) {
      throw CannotSave(
          "an RMA window that no MPI.Win object stands for (one that was let go of without "
          "Free()?)");
    }
  }
}

Ref describe_segment(PyObject* owner, const Py_buffer& memory) {
  const WindowInfo* window = mpi::windows::find(handle_in<MPI_Win>(owner));
  if (!window || !mpi::is_shared(window->handle)) return nullptr;
  for (int rank = 0; rank < window->comm->size(); ++rank) {
    MPI_Aint size = 0;
    int disp_unit = 0;
    void* base = nullptr;
    check(PMPI_Win_shared_query(window->handle, rank, &size, &disp_unit, static_cast<void*>(&base)),
          "MPI_Win_shared_query");
    if (base == memory.buf && size == memory.len) {
      return checked(Py_BuildValue("(Oi)", owner, rank));
    }
  }
  return nullptr;
}

Ref make_segment(PyObject* payload) {
  const Ref pair = checked(PyObject_CallMethod(PyTuple_GetItem(payload, 0), "Shared_query", "O",
                                               PyTuple_GetItem(payload, 1)));
  return Ref::borrow(PyTuple_GetItem(pair.get(), 0));
}

void expect_windows(const std::vector<WindowRecipe>& recipes) {
  for (const WindowRecipe& recipe : recipes) {
    if (recipe.memory == WindowMemory::kScript) promised()[recipe.id].recipe = recipe;
  }
}

void check_promised_windows() {
  for (const auto& [id, window] : promised()) {
    if (window.recipe.size > 0 && !window.base) {
      throw FormatError("the memory of the MPI window on communicator " + id + " is missing");
    }
  }
}

void make_promised_windows() {
  for (const auto& [id, window] : promised()) {
    mpi::build_window(window.recipe, window.base);
    const MPI_Win made = mpi::windows::find(id)->handle;
    for (const Ref& object : window.objects) handle_in<MPI_Win>(object.get()) = made;
  }
}

void forget_promised_windows() {
  promised().clear();
  mpi::windows::forget_promises();
}

}  // namespace chkpt::cut::handles
