// SPDX-License-Identifier: BSD-3-Clause
// methods_watch SCRIPT: Python with the MPI wrappers, for which a cut is pending all the time, and
// a module `_watch` that tells a script what MPI calls a method of mpi4py has waited in, and
// whether the table of restartable methods would let a checkpoint stand there.
#include <Python.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <unistd.h>

#include "mpi/interpose/gate.hpp"
#include "mpi/interpose/restartable.hpp"
#include "mpi/session.hpp"

namespace {

using namespace chkpt;

struct Event {
  std::string wait;  // empty: a call with an effect is over
  bool one_number = false;
};
std::vector<Event> g_events;

class Watcher : public mpi::GateKeeper {
 public:
  bool blocked(const mpi::BlockedCall& call) override {
    // A call waits in rounds.
    if (g_events.empty() || g_events.back().wait != call.call) before_collective(call);
    ::usleep(100);
    return false;  // it runs on as soon as it can
  }
  void before_collective(const mpi::BlockedCall& call) override {
    if (call.nothing_done) g_events.push_back({call.call, call.one_number});
  }
  void left_collective(mpi::CommInfo&) override {}
  void unblocked() override {}
  bool polled(const std::vector<mpi::Need>&) override { return true; }
  void advanced() override {}
  void call_done() override { g_events.push_back({}); }
  std::string line() override { return {}; }
};
Watcher g_watcher;

PyObject* begin(PyObject*, PyObject*) {
  g_events.clear();
  mpi::gate::set_keeper(&g_watcher);
  mpi::gate::g_pending = true;
  Py_RETURN_NONE;
}

// end(method) -> [(MPI call waited in, calls with an effect before it, restartable, after_send)]
PyObject* end(PyObject*, PyObject* method) {
  mpi::gate::g_pending = false;
  const char* name = PyUnicode_AsUTF8(method);
  PyObject* list = name ? PyList_New(0) : nullptr;
  if (!list) return nullptr;
  int effects = 0;
  for (const Event& event : g_events) {
    if (event.wait.empty()) {
      ++effects;
      continue;
    }
    const mpi::Restart restart = mpi::restart_of(name, event.wait, event.one_number);
    PyObject* entry =
        Py_BuildValue("(siOO)", event.wait.c_str(), effects, restart.possible ? Py_True : Py_False,
                      restart.after_send ? Py_True : Py_False);
    const bool added = entry && PyList_Append(list, entry) == 0;
    Py_XDECREF(entry);
    if (!added) {
      Py_DECREF(list);
      return nullptr;
    }
  }
  return list;
}

PyMethodDef g_methods[] = {{"begin", begin, METH_NOARGS, nullptr},
                           {"end", end, METH_O, nullptr},
                           {nullptr, nullptr, 0, nullptr}};

PyModuleDef g_module = {
    PyModuleDef_HEAD_INIT, "_watch", nullptr, -1, g_methods, nullptr, nullptr, nullptr, nullptr};

PyObject* make_module() { return PyModule_Create(&g_module); }

}  // namespace

int main(int argc, char** argv) {
  if (PyImport_AppendInittab("_watch", make_module) != 0) return 3;
  try {
    mpi::session::start(mpi::Start::kEager);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "methods_watch: %s\n", e.what());
    return 3;
  }
  const int code = Py_BytesMain(argc, argv);
  if (code != 0) mpi::session::abort(code);
  mpi::session::finish();
  return code;
}
