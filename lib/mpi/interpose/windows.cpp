// SPDX-License-Identifier: BSD-3-Clause
// Making and freeing windows. As for communicators, creation counts on the parent's clock at entry,
// and freeing takes the window's communicator out of the registry, so that the other members are
// told to come along.
#include "mpi/interpose/windows.hpp"

#include <map>
#include <memory>

#include "mpi/interpose/epochs.hpp"
#include "mpi/interpose/own_handle.hpp"
#include "mpi/interpose/wrapper.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi::windows {
namespace {

struct Promise {
  MPI_Win handle{};
  void* base = nullptr;
  MPI_Aint size = 0;
  int disp_unit = 1;
  int flavor = MPI_WIN_FLAVOR_CREATE;
};

HandleTable<MPI_Win, WindowInfo*>& by_handle() {
  static HandleTable<MPI_Win, WindowInfo*> table;
  return table;
}

std::map<CommId, std::unique_ptr<WindowInfo>>& by_id() {
  static std::map<CommId, std::unique_ptr<WindowInfo>> table;
  return table;
}

std::vector<std::unique_ptr<Promise>>& promises() {
  static std::vector<std::unique_ptr<Promise>> list;
  return list;
}

Promise* promised(MPI_Win win) {
  for (const auto& promise : promises()) {
    if (promise->handle == win) return promise.get();
  }
  return nullptr;
}

}  // namespace

WindowInfo* find(MPI_Win win) {
  WindowInfo** entry = by_handle().find(win);
  return entry == nullptr ? nullptr : *entry;
}

WindowInfo* find(const CommId& id) {
  const auto it = by_id().find(id);
  return it == by_id().end() ? nullptr : it->second.get();
}

WindowInfo& add(MPI_Win win, CommInfo& comm) {
  auto info = std::make_unique<WindowInfo>();
  info->handle = win;
  info->comm = &comm;
  by_handle().insert(win, info.get());
  return *(by_id()[comm.id] = std::move(info));
}

void remove(WindowInfo& window) {
  epochs::close_all(&window);
  by_handle().erase(window.handle);
  by_id().erase(CommId(window.comm->id));
}

void for_each(const std::function<void(WindowInfo&)>& f) {
  for (const auto& entry : by_id()) f(*entry.second);
}

void accessed(const char* mpi_call, MPI_Win win) {
  if (outside(mpi_call)) return;
  WindowInfo* info = find(win);
  if (info == nullptr || info->passive > 0 || !info->targets.empty()) return;
  if (std::exchange(info->accessed, true)) return;
  epochs::open(info, epochs::Kind::kFence, mpi_call);
}

int started(MPI_Win win, int rc, MPI_Request* request) {
  const WindowInfo* info = not_counted() ? nullptr : find(win);
  return info == nullptr ? rc : started_on(*info->comm, rc, request);
}

void complete_accesses() {
  for_each([](const WindowInfo& window) {
    if (window.locked_all) check(PMPI_Win_flush_all(window.handle), "MPI_Win_flush_all");
  });
}

MPI_Win promise(void* base, MPI_Aint size, int disp_unit) {
  promises().push_back(std::make_unique<Promise>());
  Promise& made = *promises().back();
  made = {own_handle<MPI_Win>(&made), base, size, disp_unit, MPI_WIN_FLAVOR_CREATE};
  return made.handle;
}

void forget_promises() { promises().clear(); }

bool answer_promised(MPI_Win win, int keyval, void* value, int* flag) {
  Promise* promise = promises().empty() ? nullptr : promised(win);
  if (promise == nullptr) return false;
  void* answer = nullptr;
  if (keyval == MPI_WIN_BASE) answer = promise->base;
  if (keyval == MPI_WIN_SIZE) answer = &promise->size;
  if (keyval == MPI_WIN_DISP_UNIT) answer = &promise->disp_unit;
  if (keyval == MPI_WIN_CREATE_FLAVOR) answer = &promise->flavor;
  *flag = answer != nullptr || keyval == MPI_WIN_BASE ? 1 : 0;
  *static_cast<void**>(value) = answer;
  return true;
}

namespace {

// The members of `parent` again; no attribute is copied to it.
int enter(const char* call, CommInfo& parent, MPI_Win win, MPI_Comm own) {
  const std::uint64_t number = Registry::next_child(parent);
  return guarded(call, [&] {
    add(win, registry().add_child(parent, number, own));
    return MPI_SUCCESS;
  });
}

template <class F>
int create(const char* call, MPI_Comm comm, MPI_Win* win, F f) {
  CommInfo* parent = outside(call) ? nullptr : registry().find(comm);
  if (parent == nullptr || parent->inter()) return making(deferrals::Kind::kWindow, call, f);
  parent->tick();
  MPI_Comm own = MPI_COMM_NULL;
  int rc = MPI_SUCCESS;
  {
    const NativeCall native(call);
    clock_advanced();
    rc = f();
    if (rc == MPI_SUCCESS) rc = PMPI_Comm_split(comm, 0, parent->rank, &own);
  }
  if (rc == MPI_SUCCESS) {
    rc = enter(call, *parent, *win, own);
  } else if (refused_arguments(rc)) {
    parent->untick();
  }
  call_done();
  return rc;
}

int free_window(const char* call, MPI_Win* win) {
  const auto real = [&] { return PMPI_Win_free(win); };
  WindowInfo* info = outside(call) ? nullptr : find(*win);
  if (info == nullptr) return ending(deferrals::Kind::kWindow, call, real);
  CommInfo& comm = *info->comm;
  MPI_Comm own = comm.handle;
  remove(*info);
  requests().forget(comm);
  registry().remove(comm);
  int rc = MPI_SUCCESS;
  {
    const NativeCall native(call);
    clock_advanced();
    rc = real();
    if (rc == MPI_SUCCESS) PMPI_Comm_free(&own);
  }
  if (rc != MPI_SUCCESS) deferrals::forever(call, "failed");
  call_done();
  return rc;
}

}  // namespace
}  // namespace chkpt::mpi::windows

using namespace chkpt::mpi;  // NOLINT: wrappers of C functions

CHKPT_WRAPPER int MPI_Win_create(void* base, MPI_Aint size, int disp_unit, MPI_Info info,
                                 MPI_Comm comm, MPI_Win* win) {
  return windows::create("MPI_Win_create", comm, win,
                         [&] { return PMPI_Win_create(base, size, disp_unit, info, comm, win); });
}

CHKPT_WRAPPER int MPI_Win_allocate(MPI_Aint size, int disp_unit, MPI_Info info, MPI_Comm comm,
                                   void* base, MPI_Win* win) {
  return windows::create("MPI_Win_allocate", comm, win,
                         [&] { return PMPI_Win_allocate(size, disp_unit, info, comm, base, win); });
}

CHKPT_WRAPPER int MPI_Win_allocate_shared(MPI_Aint size, int disp_unit, MPI_Info info,
                                          MPI_Comm comm, void* base, MPI_Win* win) {
  return windows::create("MPI_Win_allocate_shared", comm, win, [&] {
    return PMPI_Win_allocate_shared(size, disp_unit, info, comm, base, win);
  });
}

CHKPT_WRAPPER int MPI_Win_create_dynamic(MPI_Info info, MPI_Comm comm, MPI_Win* win) {
  return making(deferrals::Kind::kWindow, "MPI_Win_create_dynamic",
                [&] { return PMPI_Win_create_dynamic(info, comm, win); });
}

CHKPT_WRAPPER int MPI_Win_free(MPI_Win* win) { return windows::free_window("MPI_Win_free", win); }
