// SPDX-License-Identifier: BSD-3-Clause
// handles_embed SCRIPT ARGS...: Python with the MPI wrappers and a module `_handles` through which
// a script saves and loads what lib/cut/handles describes, with the standard pickle in the heap's
// place.
#include "python/ref.hpp"

#include <cstdio>
#include <exception>
#include <string>

#include <unistd.h>

#include "base/error.hpp"
#include "cut/handles.hpp"
#include "cut/handles/objects.hpp"
#include "mpi/interpose/drain.hpp"
#include "mpi/interpose/gate.hpp"
#include "mpi/interpose/registry.hpp"
#include "mpi/interpose/requests.hpp"
#include "mpi/interpose/verify.hpp"
#include "mpi/session.hpp"

namespace {

using namespace chkpt;
namespace handles = chkpt::cut::handles;

// Exceptions of C++ become RuntimeError with their text.
template <class F>
PyObject* guarded(F f) {
  try {
    return f().release();
  } catch (const CannotSave& e) {
    PyErr_SetString(PyExc_ValueError, e.what());
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
  }
  return nullptr;
}

PyObject* describes(PyObject*, PyObject* type) {
  return PyBool_FromLong(handles::is_described(reinterpret_cast<PyTypeObject*>(type)));
}

PyObject* describe(PyObject*, PyObject* object) {
  return guarded([&] { return handles::describe(object); });
}

PyObject* make_again(PyObject*, PyObject* arguments) {
  PyObject *type = nullptr, *description = nullptr;
  if (!PyArg_ParseTuple(arguments, "O!O", &PyType_Type, &type, &description)) return nullptr;
  return guarded(
      [&] { return handles::make_again(reinterpret_cast<PyTypeObject*>(type), description); });
}

PyObject* begin_save(PyObject*, PyObject*) {
  return guarded([] {
    handles::begin_save();
    return Ref::borrow(Py_None);
  });
}

PyObject* end_save(PyObject*, PyObject*) {
  return guarded([] {
    const Bytes section = handles::end_save();
    return checked(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(section.data()),
                                             static_cast<Py_ssize_t>(section.size())));
  });
}

PyObject* begin_load(PyObject*, PyObject* section) {
  return guarded([&] {
    char* data = nullptr;
    Py_ssize_t size = 0;
    checked(PyBytes_AsStringAndSize(section, &data, &size));
    handles::begin_load({data, static_cast<std::size_t>(size)});
    return Ref::borrow(Py_None);
  });
}

PyObject* end_load(PyObject*, PyObject*) {
  return guarded([] {
    handles::end_load();
    handles::join_load();
    return Ref::borrow(Py_None);
  });
}

// Stands in for a cut: all ranks come here, and every message sent before is taken out.
PyObject* settle(PyObject*, PyObject*) {
  return guarded([] {
    constexpr int kRounds = 4000;
    mpi::session::Verdict verdict;
    for (int round = 0; round < kRounds; ++round) {
      mpi::drain::all();
      const std::string mismatch = mpi::cut_mismatch();
      verdict = mpi::session::agree(mpi::drain::settled() && mismatch.empty(), mismatch);
      if (verdict.ok) return Ref::borrow(Py_None);
      ::usleep(1000);
    }
    throw Error("messages still in flight: " + verdict.message);
  });
}

// Ends the cut that settle() began: until then no rank sends anything new.
PyObject* go_on(PyObject*, PyObject*) {
  return guarded([] {
    mpi::check(PMPI_Barrier(mpi::session::control()), "MPI_Barrier");
    return Ref::borrow(Py_None);
  });
}

// {id: (clock, created, sent, received, number of drained messages)}
PyObject* registry_state(PyObject*, PyObject*) {
  return guarded([] {
    Ref table = checked(PyDict_New());
    mpi::registry().for_each([&](mpi::CommInfo& comm) {
      std::string counters;
      for (const auto n : comm.sent) counters += std::to_string(n) + " ";
      counters += "/ ";
      for (const auto n : comm.received) counters += std::to_string(n) + " ";
      const Ref value =
          checked(Py_BuildValue("(KKsn)", static_cast<unsigned long long>(comm.clock.load()),
                                static_cast<unsigned long long>(comm.created), counters.c_str(),
                                static_cast<Py_ssize_t>(comm.drained.size())));
      checked(PyDict_SetItemString(table.get(), comm.id.c_str(), value.get()));
    });
    return table;
  });
}

PyObject* live_requests(PyObject*, PyObject*) { return PyLong_FromSize_t(mpi::requests().size()); }

PyMethodDef g_methods[] = {
    {"describes", describes, METH_O, nullptr},
    {"describe", describe, METH_O, nullptr},
    {"make_again", make_again, METH_VARARGS, nullptr},
    {"begin_save", begin_save, METH_NOARGS, nullptr},
    {"end_save", end_save, METH_NOARGS, nullptr},
    {"begin_load", begin_load, METH_O, nullptr},
    {"end_load", end_load, METH_NOARGS, nullptr},
    {"settle", settle, METH_NOARGS, nullptr},
    {"go_on", go_on, METH_NOARGS, nullptr},
    {"registry_state", registry_state, METH_NOARGS, nullptr},
    {"live_requests", live_requests, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef g_module = {
    PyModuleDef_HEAD_INIT, "_handles", nullptr, -1, g_methods, nullptr, nullptr, nullptr, nullptr};

PyObject* make_module() { return PyModule_Create(&g_module); }

}  // namespace

int main(int argc, char** argv) {
  if (PyImport_AppendInittab("_handles", make_module) != 0) return 3;
  try {
    mpi::session::start(mpi::Start::kEager);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "handles_embed: %s\n", e.what());
    return 3;
  }
  const int code = Py_BytesMain(argc, argv);
  // As mpi4py.run: the other ranks must not wait for one that failed.
  if (code != 0) mpi::session::abort(code);
  mpi::session::finish();
  return code;
}
