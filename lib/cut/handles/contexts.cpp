// SPDX-License-Identifier: BSD-3-Clause
// The attribute's key is private to mpi4py. It is found on a scratch communicator for which mpi4py
// is asked to keep a duplicate: the key under which that duplicate stands is it.
#include "cut/handles/contexts.hpp"

#include <cstdlib>

#include "mpi/interpose/gate.hpp"
#include "mpi/session.hpp"

namespace chkpt::cut::handles {
namespace {

using mpi::check;

// The attribute's value, as in mpi4py's pympicommctx.h (versions 3 and 4); freed by mpi4py with
// free() when the communicator goes.
struct Context {
  MPI_Comm duplicate;
  MPI_Comm local;  // intercommunicators only
  int tag;
  int low_group;
};

// A communicator of this rank alone, unknown to the registry; carries no attributes at first.
class Scratch {
 public:
  Scratch() {
    check(PMPI_Comm_split(MPI_COMM_SELF, 0, 0, &comm_), "MPI_Comm_split");
    check(PMPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  }
  ~Scratch() {
    const mpi::Depth not_the_scripts;  // mpi4py frees its duplicate inside
    PMPI_Comm_free(&comm_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  MPI_Comm get() const { return comm_; }

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
};

// The duplicate mpi4py makes (or has made) for `comm`.
MPI_Comm ask_duplicate(const Module& m, MPI_Comm comm) {
  const mpi::Depth not_the_scripts;
  const Ref cls = m.attribute("Intracomm");
  const Ref object = checked(PyObject_CallNoArgs(cls.get()));
  handle_in<MPI_Comm>(object.get()) = comm;
  const Ref pair = checked(PyObject_CallMethod(m.get(), "_commctx_intra", "O", object.get()));
  PyObject* duplicate = PyTuple_GetItem(pair.get(), 0);
  if (!duplicate || m.kind_of(Py_TYPE(duplicate)) != Kind::kComm) {
    throw PythonError("mpi4py's _commctx_intra is not the one chkpt knows");
  }
  return handle_in<MPI_Comm>(duplicate);
}

bool is_predefined_key(int key) {
  for (const int known : {MPI_TAG_UB, MPI_HOST, MPI_IO, MPI_WTIME_IS_GLOBAL, MPI_UNIVERSE_SIZE,
                          MPI_APPNUM, MPI_LASTUSEDCODE}) {
    if (key == known) return true;
  }
  return false;
}

Context* context_of(MPI_Comm comm, int key) {
  Context* context = nullptr;
  int found = 0;
  check(PMPI_Comm_get_attr(comm, key, static_cast<void*>(&context), &found), "MPI_Comm_get_attr");
  return found ? context : nullptr;
}

// MPI libraries hand out keys densely, so mpi4py's is near one made now. A wrong key cannot be
// taken for it: the scratch communicator has only mpi4py's own two attributes.
int find_key(const Module& m) {
  constexpr int kNear = 4096;
  const Scratch scratch;
  const MPI_Comm duplicate = ask_duplicate(m, scratch.get());
  int fresh = MPI_KEYVAL_INVALID;
  check(PMPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, MPI_COMM_NULL_DELETE_FN, &fresh, nullptr),
        "MPI_Comm_create_keyval");
  const int middle = fresh;
  check(PMPI_Comm_free_keyval(&fresh), "MPI_Comm_free_keyval");
  for (int key = middle - kNear; key < middle + kNear; ++key) {
    if (key == MPI_KEYVAL_INVALID || is_predefined_key(key)) continue;
    Context* value = nullptr;
    int found = 0;
    const int rc = PMPI_Comm_get_attr(scratch.get(), key, static_cast<void*>(&value), &found);
    if (rc == MPI_SUCCESS && found && value && value->duplicate == duplicate) return key;
  }
  throw PythonError("mpi4py's duplicates of communicators cannot be found");
}

int context_key(const Module& m) {
  static PyObject* owner = nullptr;
  static int key = MPI_KEYVAL_INVALID;
  if (owner != m.get()) {
    key = find_key(m);
    owner = m.get();
  }
  return key;
}

}  // namespace

std::vector<mpi::SavedContext> contexts(const Module& m) {
  const int key = context_key(m);
  std::vector<mpi::SavedContext> list;
  mpi::registry().for_each([&](const mpi::CommInfo& comm) {
    const Context* context = context_of(comm.handle, key);
    if (!context) return;
    const mpi::CommInfo* duplicate = mpi::registry().find(context->duplicate);
    const bool has_local = context->local != MPI_COMM_NULL;
    const mpi::CommInfo* local = has_local ? mpi::registry().find(context->local) : nullptr;
    if (!duplicate || (has_local && !local)) {
      throw CannotSave("mpi4py's duplicate of communicator " + comm.id + " cannot be saved");
    }
    list.push_back({comm.id, duplicate->id, local ? local->id : mpi::CommId(), context->tag,
                    context->low_group});
  });
  return list;
}

void attach_contexts(const Module& m, const std::vector<mpi::SavedContext>& list) {
  if (list.empty()) return;
  const int key = context_key(m);
  for (const mpi::SavedContext& saved : list) {
    const mpi::CommInfo* comm = mpi::registry().find(saved.comm);
    const mpi::CommInfo* duplicate = mpi::registry().find(saved.duplicate);
    const mpi::CommInfo* local = saved.local.empty() ? nullptr : mpi::registry().find(saved.local);
    if (!comm || !duplicate || (!local && !saved.local.empty())) {
      throw FormatError("MPI recipe: a communicator's duplicate is missing");
    }
    auto* context = static_cast<Context*>(std::malloc(sizeof(Context)));
    if (!context) throw MpiError("out of memory");
    *context = {duplicate->handle, local ? local->handle : MPI_COMM_NULL, saved.tag,
                saved.low_group};
    const int rc = PMPI_Comm_set_attr(comm->handle, key, context);
    if (rc != MPI_SUCCESS) std::free(context);
    check(rc, "MPI_Comm_set_attr");
  }
}

}  // namespace chkpt::cut::handles
