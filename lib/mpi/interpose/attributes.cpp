// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/attributes.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "mpi/interpose/windows.hpp"
#include "mpi/interpose/wrapper.hpp"
#include "mpi/session.hpp"

namespace chkpt::mpi::attributes {
namespace {

// Above what libraries use, so that a number of theirs (MPI_TAG_UB, a key made through PMPI_*) is
// none of ours.
constexpr int kFirst = 1 << 24;
// Keys whose attributes duplicates do not take over belong to C code, which makes them anew in each
// process: the script's numbers must not depend on when.
constexpr int kFirstOfScript = kFirst + (1 << 20);

template <class H>
using Copy = int (*)(H, int, void*, void*, void*, int*);
template <class H>
using Remove = int (*)(H, int, void*, void*);

std::mutex g_mutex;
int g_next_private = kFirst;
int g_next = kFirstOfScript;
int g_given = MPI_KEYVAL_INVALID;

std::map<int, std::unique_ptr<Key>>& keys() {
  static auto* table = new std::map<int, std::unique_ptr<Key>>;
  return *table;
}

// Attributes may outlive their key, and need it when they go.
std::vector<std::unique_ptr<Key>>& freed_keys() {
  static auto* list = new std::vector<std::unique_ptr<Key>>;
  return *list;
}

std::vector<MPI_Datatype>& marked_types() {
  static auto* list = new std::vector<MPI_Datatype>;
  return *list;
}

bool is_marked(MPI_Datatype type) {
  const auto& list = marked_types();
  return std::find(list.begin(), list.end(), type) != list.end();
}

void mark(MPI_Datatype type) {
  if (on_main_thread() && !is_marked(type)) marked_types().push_back(type);
}

int real_of(int number) {
  if (number < kFirst) return number;
  const std::lock_guard<std::mutex> lock(g_mutex);
  const auto it = keys().find(number);
  return it == keys().end() ? number : it->second->real;
}

// What the library calls back.
template <class H>
int copy_through(H from, int /*real*/, void* state, void* in, void* out, int* flag) {
  const Key& key = *static_cast<const Key*>(state);
  return reinterpret_cast<Copy<H>>(key.copy)(from, key.number, key.state, in, out, flag);
}
template <class H>
int remove_through(H from, int /*real*/, void* value, void* state) {
  const Key& key = *static_cast<const Key*>(state);
  return reinterpret_cast<Remove<H>>(key.remove)(from, key.number, value, key.state);
}

// The library's own functions of one family, which are handed on as they are.
template <class H>
struct Predefined {
  Copy<H> never;
  Copy<H> same;
  Remove<H> nothing;
};

int new_number(bool copied) {
  if (!copied) return g_next_private++;
  if (g_given != MPI_KEYVAL_INVALID) return std::exchange(g_given, MPI_KEYVAL_INVALID);
  return g_next++;
}

template <class H, class Really>
int create(const char* call, Family family, Copy<H> copy, Remove<H> remove, int* keyval,
           void* state, const Predefined<H>& known, Really really) {
  auto key = std::make_unique<Key>();
  key->family = family;
  key->state = state;
  key->copy = reinterpret_cast<void (*)()>(copy);
  key->remove = reinterpret_cast<void (*)()>(remove);
  key->copied = copy != known.never;
  key->place = call;
  GateKeeper* keeper = on_main_thread() ? gate::keeper() : nullptr;
  if (key->copied && keeper != nullptr) key->place += " " + keeper->line();
  const bool own_copy = copy == known.never || copy == known.same;
  const int rc = really(own_copy ? copy : copy_through<H>,
                        remove == known.nothing ? remove : remove_through<H>, &key->real,
                        static_cast<void*>(key.get()));
  if (rc != MPI_SUCCESS) return rc;
  const std::lock_guard<std::mutex> lock(g_mutex);
  *keyval = key->number = new_number(key->copied);
  keys()[key->number] = std::move(key);
  return rc;
}

bool in_use(const Key& key) {
  bool used = false;
  void* value = nullptr;
  registry().for_each([&](const CommInfo& comm) {
    used = used || (key.family == Family::kComm && get_of_comm(comm.handle, key, &value));
  });
  for_each_type([&](MPI_Datatype type) {
    used = used || (key.family == Family::kType && get_of_type(type, key, &value));
  });
  windows::for_each([&](const WindowInfo& window) {
    used = used || (key.family == Family::kWin && get_of_window(window.handle, key, &value));
  });
  return used;
}

template <class Really>
int release(const char* call, int* keyval, Really really) {
  std::unique_ptr<Key> key;
  {
    const std::lock_guard<std::mutex> lock(g_mutex);
    const auto it = keys().find(*keyval);
    if (it != keys().end()) {
      key = std::move(it->second);
      keys().erase(it);
    }
  }
  if (key == nullptr) return really(keyval);
  // Its attributes cannot be asked for any more, nor be set in a resumed process.
  if (on_main_thread() && key->copied && in_use(*key)) {
    deferrals::forever(call, "of a key that objects still have attributes of");
  }
  int real = key->real;
  const int rc = really(&real);
  *keyval = real;
  const std::lock_guard<std::mutex> lock(g_mutex);
  freed_keys().push_back(std::move(key));
  return rc;
}

template <class H, class Really>
bool get_with(Really really, H object, const Key& key, void** value) {
  int found = 0;
  check(really(object, key.real, static_cast<void*>(value), &found), "MPI_*_get_attr");
  return found != 0;
}

}  // namespace

void for_each_key(const std::function<void(const Key&)>& f) {
  for (const auto& entry : keys()) f(*entry.second);
}

void for_each_type(const std::function<void(MPI_Datatype)>& f) {
  for (const MPI_Datatype type : marked_types()) f(type);
}

bool get_of_comm(MPI_Comm comm, const Key& key, void** value) {
  return comm != MPI_COMM_NULL && get_with(PMPI_Comm_get_attr, comm, key, value);
}
bool get_of_type(MPI_Datatype type, const Key& key, void** value) {
  return get_with(PMPI_Type_get_attr, type, key, value);
}
bool get_of_window(MPI_Win win, const Key& key, void** value) {
  return get_with(PMPI_Win_get_attr, win, key, value);
}

void type_freed(MPI_Datatype type) {
  auto& list = marked_types();
  list.erase(std::remove(list.begin(), list.end(), type), list.end());
}

void type_duplicated(MPI_Datatype from, MPI_Datatype made) {
  if (on_main_thread() && is_marked(from)) mark(made);
}

int next_number() { return g_next; }
void go_on_from(int next) { g_next = std::max(g_next, next); }
void give_next(int number) { g_given = number; }

}  // namespace chkpt::mpi::attributes

using namespace chkpt::mpi::attributes;  // NOLINT: wrappers of C functions

#define CHKPT_KEYS(Name, NAME, Handle, kFamily)                                                 \
  CHKPT_WRAPPER int MPI_##Name##_create_keyval(MPI_##Name##_copy_attr_function* copy,           \
                                               MPI_##Name##_delete_attr_function* remove,       \
                                               int* keyval, void* state) {                      \
    const Predefined<Handle> known{MPI_##NAME##_NULL_COPY_FN, MPI_##NAME##_DUP_FN,              \
                                   MPI_##NAME##_NULL_DELETE_FN};                                \
    return create<Handle>("MPI_" #Name "_create_keyval", Family::kFamily, copy, remove, keyval, \
                          state, known, PMPI_##Name##_create_keyval);                           \
  }                                                                                             \
  CHKPT_WRAPPER int MPI_##Name##_free_keyval(int* keyval) {                                     \
    return release("MPI_" #Name "_free_keyval", keyval, PMPI_##Name##_free_keyval);             \
  }                                                                                             \
  CHKPT_WRAPPER int MPI_##Name##_delete_attr(Handle object, int keyval) {                       \
    return PMPI_##Name##_delete_attr(object, real_of(keyval));                                  \
  }
CHKPT_KEYS(Comm, COMM, MPI_Comm, kComm)
CHKPT_KEYS(Type, TYPE, MPI_Datatype, kType)
CHKPT_KEYS(Win, WIN, MPI_Win, kWin)

CHKPT_WRAPPER int MPI_Comm_set_attr(MPI_Comm comm, int keyval, void* value) {
  return PMPI_Comm_set_attr(comm, real_of(keyval), value);
}
CHKPT_WRAPPER int MPI_Comm_get_attr(MPI_Comm comm, int keyval, void* value, int* flag) {
  return PMPI_Comm_get_attr(comm, real_of(keyval), value, flag);
}

CHKPT_WRAPPER int MPI_Type_set_attr(MPI_Datatype type, int keyval, void* value) {
  const int rc = PMPI_Type_set_attr(type, real_of(keyval), value);
  if (rc == MPI_SUCCESS) mark(type);
  return rc;
}
CHKPT_WRAPPER int MPI_Type_get_attr(MPI_Datatype type, int keyval, void* value, int* flag) {
  return PMPI_Type_get_attr(type, real_of(keyval), value, flag);
}
CHKPT_WRAPPER int MPI_Type_dup(MPI_Datatype type, MPI_Datatype* made) {
  const int rc = PMPI_Type_dup(type, made);
  if (rc == MPI_SUCCESS) type_duplicated(type, *made);
  return rc;
}

CHKPT_WRAPPER int MPI_Win_set_attr(MPI_Win win, int keyval, void* value) {
  return PMPI_Win_set_attr(win, real_of(keyval), value);
}
CHKPT_WRAPPER int MPI_Win_get_attr(MPI_Win win, int keyval, void* value, int* flag) {
  if (chkpt::mpi::windows::answer_promised(win, keyval, value, flag)) return MPI_SUCCESS;
  return PMPI_Win_get_attr(win, real_of(keyval), value, flag);
}
