// SPDX-License-Identifier: BSD-3-Clause
// chkpt-mpi's command line and interpreter with a recorder in the place of snapshots: what the
// rest of the program is told is appended to $DRIVER_LOG, line by line.
//   DRIVER_MODE=continue|tracked|inactive   what chkpt.snapshot() and track() work with
//   DRIVER_HOOKS=late    sets the module's hooks only after the module has been imported
//   DRIVER_SAVED=FILE    a pickle of what the module gave at the last snapshot, given back at start
//   DRIVER_RESUME=FILE   runs this file's text as a resumed __main__ instead of the script
#include <Python.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "python/chkpt/module.hpp"
#include "python/launch/launch.hpp"

namespace {

using chkpt::checked;
using chkpt::Ref;
namespace python = chkpt::python;

long g_frequency = 600000;
long g_min_obj_size = -1;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}
bool tracked() { return variable("DRIVER_MODE") == "tracked"; }
void note(const std::string& text) {
  std::ofstream(variable("DRIVER_LOG"), std::ios::app) << text << '\n';
}

Ref pickle_module() { return checked(PyImport_ImportModule("pickle")); }

void save() {
  const Ref state = tracked() ? python::collect_tracked() : python::module_state();
  const Ref bytes =
      checked(PyObject_CallMethod(pickle_module().get(), "dumps", "Oi", state.get(), 5));
  std::ofstream(variable("DRIVER_SAVED"), std::ios::binary) << std::string(
      PyBytes_AsString(bytes.get()), static_cast<std::size_t>(PyBytes_Size(bytes.get())));
}

// Continue mode's state names objects of __main__, so it is given back when the script asks.
void give_back() {
  std::ifstream file(variable("DRIVER_SAVED"), std::ios::binary);
  if (!file) return;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const Ref bytes =
      checked(PyBytes_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size())));
  const Ref saved = checked(PyObject_CallMethod(pickle_module().get(), "loads", "O", bytes.get()));
  if (tracked())
    python::set_restored(saved.get());
  else
    python::restore_module_state(saved.get());
}

python::ModuleHooks hooks();

PyObject* snapshot(const char* name, bool wait) try {
  note(std::string("snapshot ") + (name ? name : "-") + (wait ? "" : " behind") +
       (python::snapshots_held() ? " held" : " free"));
  if (name && std::string(name) == "give back") {
    python::set_module_hooks({});  // as on a resume: the state comes before the hooks
    give_back();
    python::set_module_hooks(hooks());
    python::run_resume_callbacks();
    Py_RETURN_TRUE;
  }
  python::run_snapshot_callbacks();
  if (!variable("DRIVER_SAVED").empty()) save();
  Py_RETURN_FALSE;
} catch (const std::exception& error) {
  PyErr_SetString(PyExc_RuntimeError, error.what());
  return nullptr;
}

python::ModuleHooks hooks() {
  python::ModuleHooks made;
  made.active = variable("DRIVER_MODE") != "inactive";
  made.tracked_mode = tracked();
  made.snapshot = snapshot;
  made.frequency_ms = [] { return g_frequency; };
  made.set_frequency_ms = [](long ms) { g_frequency = ms; };
  made.min_obj_size = [] { return g_min_obj_size; };
  made.set_min_obj_size = [](long size) { g_min_obj_size = size; };
  made.info = [] { return Py_BuildValue("{s:s}", "run_id", "driven"); };
  return made;
}

int run_resumed(const std::string& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  PyObject* main_dict = PyModule_GetDict(python::prepare_resumed_main());
  PyObject* code = Py_CompileString(text.c_str(), path.c_str(), Py_file_input);
  PyObject* result = code ? PyEval_EvalCode(code, main_dict, main_dict) : nullptr;
  Py_XDECREF(code);  // now: there is no interpreter afterwards
  return python::finish_resumed(result);
}

}  // namespace

int main(int argc, char** argv) try {
  auto parsed = chkpt::cli::parse(std::vector<std::string>(argv, argv + argc));
  const bool early = variable("DRIVER_HOOKS") != "late";
  if (early) python::set_module_hooks(hooks());
  python::set_before_finalize([](int code) { note("ending " + std::to_string(code)); });
  python::load_stdin(parsed.config.launch);
  python::initialize(parsed.config.launch);
  note("seed " + std::to_string(python::hash_seed()));
  if (!early) {
    checked(PyImport_ImportModule("chkpt"));
    python::set_module_hooks(hooks());
  }
  if (tracked()) give_back();
  const std::string resumed = variable("DRIVER_RESUME");
  const int code = resumed.empty() ? python::run_main() : run_resumed(resumed);
  note("returned " + std::to_string(code));
  return code;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
