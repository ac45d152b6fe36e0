// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/waiting/mpi_pool.hpp"

#include <unordered_map>

#include "python/frames/other_threads.hpp"
#include "python/heap/call.hpp"
#include "python/heap/customs.hpp"

namespace chkpt::heap {
namespace {

// Where it is in mpi4py 3 and in mpi4py 4.
constexpr const char* kModules[] = {"mpi4py.futures._lib", "mpi4py.futures._core"};
// The manager of the pool that all executors share, under `python -m mpi4py.futures`: who has made
// its communicator frees it. The others free their own when they end.
constexpr const char* kShared = "_manager_shared";
constexpr const char* kManagers[] = {kShared, "_manager_split", "_manager_comm"};

// The manager of the pool that a job of one rank gets: it works on the tasks itself. Its own
// function does the same when it is called again, its initializer being used up.
constexpr const char* kThread = "_manager_thread";

enum State : Py_ssize_t { kModule, kArguments, kFreesComm, kListed };
constexpr Py_ssize_t kArgumentCount = 5;  // of client_exec: comm, options, tag, workers, tasks
constexpr Py_ssize_t kTasks = 4;

// Of threads that do nothing but be compared. They are kept, as all is in such a process.
std::unordered_map<PyObject*, Ref>& told_state() {
  static auto* told = new std::unordered_map<PyObject*, Ref>;
  return *told;
}
constexpr double kForEver_s = 1e6;

bool is_target(PyObject* thread, const char* module, const char* name) {
  const Ref manager = loaded_attr(module, name);
  const Ref target = manager ? attr_or_null(thread, "_target") : Ref();
  return target && target.is(manager.get());
}

PyObject* pool_of(PyObject* thread) { return item(attr(thread, "_args"), 0); }

// Not of a pool of several threads: those that the manager has started are in its variables.
bool works_alone(PyObject* thread, const char* module) {
  if (!is_target(thread, module, kThread)) return false;
  const Ref size = attr(pool_of(thread), "size");
  return PyLong_Check(size.get()) && integer(size.get()) == 1;
}

const char* module_of(PyObject* thread) {
  for (const char* module : kModules) {
    for (const char* name : kManagers)
      if (is_target(thread, module, name)) return module;
    if (works_alone(thread, module)) return module;
  }
  return nullptr;
}

Ref code_of(const Ref& function) { return attr(function, "__code__"); }

bool is_sleep(const frames::BlockedCallable& called) {
  return called.callable && PyCFunction_Check(called.callable) &&
         utf8_attr(called.callable, "__name__") == "sleep";
}

// The frame that has called Backoff.sleep(), and this time.sleep(); None if there is none.
Ref sleeping_caller(const char* module, unsigned long ident) {
  const Ref sleep = code_of(attr(attr(import(module), "Backoff"), "sleep"));
  PyObject* code = nullptr;
  if (!is_sleep(frames::call_in_thread(ident, &code)) || !sleep.is(code)) return none();
  const Ref frames = call_method(import("sys"), "_current_frames");
  const Ref key = own(PyLong_FromUnsignedLong(ident));
  PyObject* innermost = PyDict_GetItemWithError(frames.get(), key.get());
  return innermost ? attr(innermost, "f_back") : none();
}

bool runs(const Ref& frame, const char* module, const char* function) {
  return !frame.is(Py_None) &&
         attr(frame, "f_code").is(code_of(attr(import(module), function)).get());
}

// The frame of client_exec(), if that sleeps; or null.
Ref sleeping_frame(const char* module, unsigned long ident) {
  Ref frame = sleeping_caller(module, ident);
  return runs(frame, module, "client_exec") ? std::move(frame) : Ref();
}

// In a function inside of _manager_thread().
bool sleeps_alone(const char* module, unsigned long ident) {
  const Ref frame = sleeping_caller(module, ident);
  return !frame.is(Py_None) && runs(attr(frame, "f_back"), module, kThread);
}

Ref local(const Ref& frame, PyObject* name) {
  return own(PyObject_GetItem(attr(frame, "f_locals").get(), name));
}

Ref arguments_of(const Ref& frame) {
  const Ref names = attr(attr(frame, "f_code"), "co_varnames");
  Ref arguments = own(PyTuple_New(kArgumentCount));
  for (Py_ssize_t i = 0; i < kArgumentCount; ++i)
    PyTuple_SET_ITEM(arguments.get(), i, local(frame, item(names.get(), i)).release());
  return arguments;
}

// Instead of the thread's own function, which would meet the other ranks first.
Ref go_on(Args args) {
  const Ref module = import(utf8(args[kModule]).c_str());
  call_with(attr(module, "client_exec").get(), args[kArguments], nullptr);
  if (args[kFreesComm] != Py_True) return none();
  PyObject* comm = item(args[kArguments], 0);
  if (const Ref stop = attr_or_null(module.get(), "client_stop")) return call(stop, comm);
  return call(call_method(module, "serialized", attr(module, "client_close")), comm);
}
PyMethodDef go_on_method = {
    "client_exec", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(guarded<go_on>)),
    METH_FASTCALL, nullptr};

}  // namespace

bool is_pool_manager(PyObject* thread) { return module_of(thread) != nullptr; }

bool manager_sleeps(PyObject* thread, unsigned long ident) {
  if (told_state().count(thread) != 0) return true;
  const char* module = module_of(thread);
  if (module && works_alone(thread, module))
    return sleeps_alone(module, ident) && !is_true(attr(pool_of(thread), "queue"));
  const Ref frame = module ? sleeping_frame(module, ident) : Ref();
  if (!frame) return false;
  const Ref pending = local(frame, text("pending").get());
  return !is_true(pending) && !is_true(item(arguments_of(frame).get(), kTasks));
}

Ref manager_state(PyObject* thread, unsigned long ident) {
  const auto told = told_state().find(thread);
  if (told != told_state().end()) return Ref::borrow(told->second.get());
  const char* module = module_of(thread);
  const Ref queues = attr(import(module), "THREADS_QUEUES");
  const bool listed = ok(PySequence_Contains(queues.get(), thread)) == 1;
  if (works_alone(thread, module))
    return pack(text(module), none(), boolean(false), boolean(listed));
  return pack(text(module), arguments_of(sleeping_frame(module, ident)),
              boolean(!is_target(thread, module, kShared)), boolean(listed));
}

Ref prepare_manager(PyObject* thread, PyObject* state) {
  Ref own_function = pack(attr(thread, "_target"), attr(thread, "_args"));
  if (is_rehearsal()) {
    if (told_state().insert({thread, Ref::borrow(state)}).second) Py_INCREF(thread);
    set_attr(thread, "_target", attr(import("time"), "sleep").get());
    set_attr(thread, "_args", pack(own(PyFloat_FromDouble(kForEver_s))).get());
    return own_function;
  }
  if (item(state, kArguments) == Py_None) return own_function;
  set_attr(thread, "_target", own(PyCFunction_New(&go_on_method, nullptr)).get());
  set_attr(thread, "_args", state);
  return own_function;
}

bool goes_on(PyObject* state, unsigned long ident) {
  const std::string module = utf8(item(state, kModule));
  return is_rehearsal() || sleeping_frame(module.c_str(), ident) ||
         sleeps_alone(module.c_str(), ident);
}

void manager_started(PyObject* thread, PyObject* state, PyObject* prepared) {
  set_attr(thread, "_target", item(prepared, 0));
  set_attr(thread, "_args", item(prepared, 1));
  if (item(state, kListed) != Py_True) return;
  const Ref queues = attr(import(utf8(item(state, kModule)).c_str()), "THREADS_QUEUES");
  ok(PyObject_SetItem(queues.get(), thread, attr(pool_of(thread), "queue").get()));
}

}  // namespace chkpt::heap
