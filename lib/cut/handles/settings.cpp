// SPDX-License-Identifier: BSD-3-Clause
#include "python/ref.hpp"

#include "cut/handles/settings.hpp"

#include "mpi/interpose/rebuild_stream.hpp"

namespace chkpt::cut::handles {
namespace {

constexpr const char* kNames[] = {"initialize",  "threads",     "thread_level", "finalize",
                                  "fast_reduce", "recv_mprobe", "errors"};
enum Loaded : std::uint64_t { kNothing = 0, kPackage = 1, kExtension = 2 };
enum Value : std::uint64_t {
  kAbsent = 0,
  kNone = 1,
  kFalse = 2,
  kTrue = 3,
  kText = 4,
  kNumber = 5
};

PyObject* loaded_module(const char* name) {
  return PyDict_GetItemString(PyImport_GetModuleDict(), name);
}

void write_value(mpi::RecipeWriter& out, PyObject* value) {
  if (!value) return out.u64(kAbsent);
  if (value == Py_None) return out.u64(kNone);
  if (PyBool_Check(value)) return out.u64(value == Py_True ? kTrue : kFalse);
  // As `python -m mpi4py --rc=threads=0` sets it.
  int overflow = 0;
  const long long number =
      PyLong_CheckExact(value) ? PyLong_AsLongLongAndOverflow(value, &overflow) : 0;
  if (PyLong_CheckExact(value) && overflow == 0) {
    out.u64(kNumber);
    return out.i64(number);
  }
  const char* text = PyUnicode_Check(value) ? PyUnicode_AsUTF8(value) : nullptr;
  if (!text) throw CannotSave("mpi4py.rc has a setting that is neither a number nor a str");
  out.u64(kText);
  out.text(text);
}

Ref read_value(mpi::RecipeReader& in) {
  switch (in.u64()) {
    case kAbsent:
      return nullptr;
    case kNone:
      return Ref::borrow(Py_None);
    case kFalse:
      return Ref::borrow(Py_False);
    case kTrue:
      return Ref::borrow(Py_True);
    case kText: {
      const std::string text = in.text();
      return checked(
          PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size())));
    }
    case kNumber:
      return checked(PyLong_FromLongLong(in.i64()));
    default:
      throw FormatError("MPI recipe: unknown setting of mpi4py");
  }
}

}  // namespace

Bytes save_settings() {
  mpi::RecipeWriter out;
  PyObject* package = loaded_module("mpi4py");
  if (!package) {
    out.u64(kNothing);
    return out.take();
  }
  out.u64(loaded_module("mpi4py.MPI") ? kExtension : kPackage);
  const Ref rc = checked(PyObject_GetAttrString(package, "rc"));
  for (const char* name : kNames) {
    const Ref value = Ref::steal(PyObject_GetAttrString(rc.get(), name));
    if (!value) PyErr_Clear();
    write_value(out, value.get());
  }
  return out.take();
}

void restore_settings(ByteView settings) {
  mpi::RecipeReader in(settings);
  const std::uint64_t loaded = in.u64();
  if (loaded == kNothing) return;
  const Ref package = checked(PyImport_ImportModule("mpi4py"));
  const Ref rc = checked(PyObject_GetAttrString(package.get(), "rc"));
  for (const char* name : kNames) {
    const Ref value = read_value(in);
    if (value) checked(PyObject_SetAttrString(rc.get(), name, value.get()));
  }
  if (loaded == kExtension) checked(PyImport_ImportModule("mpi4py.MPI"));
}

}  // namespace chkpt::cut::handles
