// SPDX-License-Identifier: BSD-3-Clause
#include "run/python_hooks.hpp"

#include <Python.h>

#include <atomic>
#include <cstring>
#include <string>

#include "cut/handles/quiet_pickling.hpp"
#include "mpi/interpose/gate.hpp"
#include "mpi/interpose/restartable.hpp"
#include "mpi/interpose/sent_half.hpp"
#include "mpi/session.hpp"
#include "python/chkpt/module.hpp"
#include "python/frames/safe_point.hpp"
#include "python/frames/stack.hpp"
#include "python/heap/waiting/idle_workers.hpp"
#include "run/gil.hpp"

namespace chkpt::run {
namespace {

cut::Agent* g_agent = nullptr;
const SnapshotWork* g_work = nullptr;
const Start* g_start = nullptr;
std::atomic<long> g_frequency_ms{-1};
std::atomic<long> g_min_object_bytes{-1};

// Main thread, GIL held, between two bytecodes.
void at_safe_point(frames::StackPlan& plan) {
  if (python::snapshots_held()) return;
  g_agent->at_safe_point(&plan);
}

// "recv" of mpi4py.MPI.Comm, or "" for anything that is not a method of an mpi4py.MPI type.
std::string mpi4py_method(const frames::BlockedCallable& called) {
  const char* owner = nullptr;
  const char* name = nullptr;
  if (called.callable && Py_IS_TYPE(called.callable, &PyMethodDescr_Type)) {
    auto* descriptor = reinterpret_cast<PyMethodDescrObject*>(called.callable);
    owner = descriptor->d_common.d_type->tp_name;
    name = descriptor->d_method->ml_name;
  } else if (called.callable && PyCFunction_Check(called.callable)) {
    auto* function = reinterpret_cast<PyCFunctionObject*>(called.callable);
    PyObject* self = function->m_self;
    if (self) {
      owner = PyType_Check(self) ? reinterpret_cast<PyTypeObject*>(self)->tp_name
                                 : Py_TYPE(self)->tp_name;
    }
    name = function->m_ml->ml_name;
  }
  return owner && std::strncmp(owner, "mpi4py.MPI.", 11) == 0 ? name : "";
}

// Main thread, inside an MPI wrapper, GIL not held.
bool prepare_blocked(const mpi::BlockedCall& call, std::string* why) {
  if (python::snapshots_held()) {
    *why = "inside chkpt.no_snapshot()";
    return false;
  }
  const Gil gil;
  const PendingException aside;
  frames::StackPlan plan;
  frames::WhyNot reason;
  if (!frames::plan_stack(frames::Innermost::kBlockedCall, &plan, &reason)) {
    *why = reason.reason + " at " + reason.where;
    return false;
  }
  const frames::BlockedCallable called = frames::blocked_callable(plan);
  const mpi::Restart restart = mpi::restart_of(mpi4py_method(called), call.call, call.one_number);
  if (!restart.possible || (restart.pickles && !cut::handles::pickles_quietly(called.arguments))) {
    *why = std::string("in ") + call.call + " at " + reason.where;
    return false;
  }
  if (restart.after_send) mpi::sent_half::claim_last_send();
  return true;
}

std::string where() {
  const frames::WhyNot why = frames::safe_point::why_not();
  if (why.where.empty()) return why.reason;
  return why.reason + " at " + why.where;
}

std::string line() {
  const Gil gil;
  const PendingException aside;
  PyFrameObject* frame = PyThreadState_GetFrame(PyThreadState_Get());
  if (!frame) return "";
  PyCodeObject* code = PyFrame_GetCode(frame);
  const char* file = PyUnicode_AsUTF8(code->co_filename);
  const char* function = PyUnicode_AsUTF8(code->co_qualname);
  std::string text = "at " + std::string(file ? file : "?");
  if (const std::size_t slash = text.rfind('/'); slash != std::string::npos) {
    text.replace(3, slash - 2, "");
  }
  text += ":" + std::to_string(PyFrame_GetLineNumber(frame)) + " in " + (function ? function : "?");
  PyErr_Clear();
  Py_DECREF(code);
  Py_DECREF(frame);
  return text;
}

void* release_gil() { return PyEval_SaveThread(); }
void acquire_gil(void* saved) { PyEval_RestoreThread(static_cast<PyThreadState*>(saved)); }

PyObject* snapshot(const char* name, bool wait) {
  if (g_agent->api_snapshot(name ? name : "", wait) && !frames::safe_point::request_for_call())
    return nullptr;
  Py_RETURN_FALSE;
}

long frequency_ms() { return g_frequency_ms; }
void set_frequency_ms(long ms) {
  g_frequency_ms = ms;
  g_agent->set_interval(interval_seconds(ms));
}
long min_object_bytes() { return g_min_object_bytes; }
void set_min_object_bytes(long bytes) { g_min_object_bytes = bytes; }

PyObject* info() {
  const auto text = [](const std::string& s) {
    return PyUnicode_DecodeFSDefaultAndSize(s.data(), static_cast<Py_ssize_t>(s.size()));
  };
  return Py_BuildValue("{s:N,s:N,s:i,s:i,s:K,s:K}", "run_id", text(g_start->run_id), "directory",
                       text(g_start->directory->path()), "rank", mpi::session::rank(), "size",
                       mpi::session::size(), "resumed_epoch",
                       static_cast<unsigned long long>(g_start->resumed_epoch), "last_epoch",
                       static_cast<unsigned long long>(g_work->last_committed_epoch()));
}

}  // namespace

double interval_seconds(std::int64_t frequency_ms) {
  // Time that the script gets between two snapshots even then: it must get on.
  constexpr double kAsOftenAsPossible = 20e-3;
  if (frequency_ms < 0) return 0;
  return frequency_ms == 0 ? kAsOftenAsPossible : static_cast<double>(frequency_ms) * 1e-3;
}

cut::PythonHooks make_python_hooks() {
  cut::PythonHooks hooks;
  hooks.request_safe_point = frames::safe_point::request;
  hooks.cancel_safe_point = frames::safe_point::cancel;
  hooks.prepare_blocked = prepare_blocked;
  hooks.where = where;
  hooks.line = line;
  hooks.release_gil = release_gil;
  hooks.acquire_gil = acquire_gil;
  return hooks;
}

void connect_script(const Config& config, cut::Agent& agent, const SnapshotWork& work,
                    const Start& start) {
  g_agent = &agent;
  g_work = &work;
  g_start = &start;
  g_frequency_ms = static_cast<long>(config.interval_ms);
  g_min_object_bytes = static_cast<long>(config.min_obj_size);
  python::ModuleHooks hooks;
  hooks.active = true;
  hooks.tracked_mode = config.mode == Mode::kTracked;
  hooks.snapshot = snapshot;
  hooks.frequency_ms = frequency_ms;
  hooks.set_frequency_ms = set_frequency_ms;
  hooks.min_obj_size = min_object_bytes;
  hooks.set_min_obj_size = set_min_object_bytes;
  hooks.released = frames::safe_point::request;  // a cut may have been waiting for it
  hooks.info = info;
  python::set_module_hooks(hooks);
  frames::safe_point::start(at_safe_point, heap::busy_workers);
}

}  // namespace chkpt::run
