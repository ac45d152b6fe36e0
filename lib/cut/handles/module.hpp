// SPDX-License-Identifier: BSD-3-Clause
// The loaded extension module mpi4py.MPI seen from C: its classes, its named objects, and where the
// MPI handle lies inside an object (the layout mpi4py publishes in mpi4py.MPI.h, checked against
// the module actually loaded). Needs the GIL.
#pragma once

#include "python/ref.hpp"

#include <mpi.h>

#include <string>
#include <unordered_map>
#include <vector>

namespace chkpt::cut::handles {

template <class H>
struct HandleObject {
  PyObject_HEAD H handle;
  unsigned int flags;
  PyObject* weakrefs;
};

struct RequestObject {
  HandleObject<MPI_Request> base;
  PyObject* buffer;  // keeps the message's memory; what lower-case wait() unpickles
};

struct MessageObject {
  HandleObject<MPI_Message> base;
  PyObject* buffer;  // what lower-case recv() fills and unpickles
};

struct WinObject {
  HandleObject<MPI_Win> base;
  PyObject* memory;  // an MPI.memory of the script's buffer, or null or None
};

struct GrequestObject {
  RequestObject base;
  MPI_Request generalized;  // what Complete() completes
};

// Of mpi4py 3; later ones keep the callable elsewhere.
struct OpObject {
  HandleObject<MPI_Op> base;
  void* function;  // of a predefined operation
  int user_id;     // 0, or the place of the callable in mpi4py's own list
};

enum class Kind {
  kNone,
  kComm,
  kGroup,
  kDatatype,
  kOp,
  kStatus,
  kInfo,
  kErrhandler,
  kRequest,
  kMessage,
  kWin,
  kFile,
  kMemory,
  kPickle,
};
const char* kind_name(Kind kind);

class Module {
 public:
  // Null while the script has not imported mpi4py.MPI.
  static Module* loaded();

  Kind kind_of(PyTypeObject* type) const;
  // The class of this kind as mpi4py defines it; what a script derives from.
  PyTypeObject* base_of(Kind kind) const;
  bool is_a(PyObject* object, const char* class_name) const;

  // "COMM_WORLD" for that very object, null for any other.
  const char* name_of(PyObject* object) const;
  // The named object of this kind that holds the same handle ("INT", "COMM_NULL"), or null.
  const char* twin_of(Kind kind, PyObject* object) const;
  Ref attribute(const char* name) const;

  // Null, or why the objects of this mpi4py cannot be looked into.
  const char* unknown_layout() const { return layout_.empty() ? nullptr : layout_.c_str(); }
  bool knows_user_ops() const { return knows_user_ops_; }
  bool knows_windows() const { return knows_windows_; }
  bool knows_grequests() const { return knows_grequests_; }
  // Whether a function is this extension's own.
  bool contains(const void* function) const;

  PyObject* get() const { return module_.get(); }

 private:
  explicit Module(PyObject* module);
  void collect_names();
  void check_layout();

  Ref module_;
  std::vector<std::pair<Kind, Ref>> classes_;
  std::unordered_map<PyObject*, std::string> names_;
  std::vector<Ref> held_;  // the keys of names_
  std::string layout_;
  bool knows_user_ops_ = false;
  bool knows_windows_ = false;
  bool knows_grequests_ = false;
};

template <class H>
H& handle_in(PyObject* object) {
  return reinterpret_cast<HandleObject<H>*>(object)->handle;
}

template <class H>
struct HandleType {
  using type = H;
};

// Calls f(HandleType<MPI_Comm>{}) and so on with the handle type of `kind`.
template <class F>
void with_handle_type(Kind kind, F f) {
  switch (kind) {
    case Kind::kComm:
      return f(HandleType<MPI_Comm>{});
    case Kind::kGroup:
      return f(HandleType<MPI_Group>{});
    case Kind::kDatatype:
      return f(HandleType<MPI_Datatype>{});
    case Kind::kOp:
      return f(HandleType<MPI_Op>{});
    case Kind::kInfo:
      return f(HandleType<MPI_Info>{});
    case Kind::kErrhandler:
      return f(HandleType<MPI_Errhandler>{});
    case Kind::kRequest:
      return f(HandleType<MPI_Request>{});
    case Kind::kMessage:
      return f(HandleType<MPI_Message>{});
    case Kind::kWin:
      return f(HandleType<MPI_Win>{});
    case Kind::kFile:
      return f(HandleType<MPI_File>{});
    default:
      throw PythonError("an mpi4py object without a handle");
  }
}

// Whether objects of this kind hold an MPI handle (a Status holds the status itself).
bool has_handle(Kind kind);
// The handle inside `object`, as a number.
std::uint64_t handle_bits(Kind kind, PyObject* object);

}  // namespace chkpt::cut::handles
