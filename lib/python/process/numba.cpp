// SPDX-License-Identifier: BSD-3-Clause
// What numba keeps of the script beside compiled functions: settings, the number of threads, the
// random generators of compiled code, and the counter that keeps names of compiled functions apart.
#include <Python.h>

#include <cstring>
#include <string>

#include "python/heap/by_value.hpp"
#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

// ---- generators

// numba/_random.h
struct Generator {
  int index;
  unsigned int words[624];
  int has_gauss;
  double gauss;
  int is_initialized;
};
constexpr const char* kGenerators[] = {"rnd_get_np_state_ptr", "rnd_get_py_state_ptr"};

Generator* generator(const char* name) {
  const Ref module = import("numba._helperlib");
  const Ref address = call_method(module, name);
  void* place = PyLong_AsVoidPtr(address.get());
  if (!place) throw Raised{};
  auto* state = static_cast<Generator*>(place);
  // What the module says of it must be what is there.
  const Ref said = call_method(module, "rnd_get_state", address);
  bool as_known = integer(item(said, 0)) == state->index;
  const Ref words = own(PySequence_Tuple(item(said, 1)));
  for (Py_ssize_t i = 0; as_known && i < 624; ++i)
    as_known = integer(item(words, i)) == static_cast<long long>(state->words[i]);
  if (!as_known) refuse("random generators of numba that are laid out in an unknown way");
  return state;
}

Ref save_generators() {
  const Ref states = new_list();
  for (const char* name : kGenerators)
    append(states, own(PyBytes_FromStringAndSize(reinterpret_cast<char*>(generator(name)),
                                                 sizeof(Generator))));
  return states;
}

void restore_generators(PyObject* states) {
  Py_ssize_t i = 0;
  for (const char* name : kGenerators)
    std::memcpy(generator(name), PyBytes_AS_STRING(PyList_GET_ITEM(states, i++)),
                sizeof(Generator));
}

// ---- settings

bool is_setting(PyObject* name, PyObject* value) {
  if (!PyUnicode_Check(name) ||
      utf8(name).find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != std::string::npos)
    return false;
  return value == Py_None || PyLong_Check(value) || PyUnicode_Check(value) || PyFloat_Check(value);
}

Ref save_settings() {
  const Ref settings = new_dict();
  PyObject *name = nullptr, *value = nullptr;
  PyObject* members = PyModule_GetDict(import("numba.core.config").get());
  for (Py_ssize_t position = 0; PyDict_Next(members, &position, &name, &value);)
    if (is_setting(name, value)) ok(PyDict_SetItem(settings.get(), name, value));
  return settings;
}

constexpr const char* kThreads = "numba.np.ufunc.parallel";

Ref save_threads() {
  const Ref started = loaded_attr(kThreads, "_is_initialized");
  return started && is_true(started) ? call_method(import(kThreads), "get_num_threads") : none();
}

// ---- what new functions of the script's have been made known to the compiler

// Templates that `overload` and `intrinsic` make of functions of the script, for code to come.
void refuse_extensions() {
  ByValue scripts;
  const Ref templates = import("numba.core.typing.templates");
  const Ref known =
      own(PySequence_List(attr(attr(templates, "builtin_registry"), "functions").get()));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(known.get()); ++i)
    for (const char* name : {"_overload_func", "_definition_func"}) {
      const Ref function = attr_or_null(PyList_GET_ITEM(known.get(), i), name);
      const Ref module = function ? attr_or_null(function.get(), "__module__") : Ref();
      if (!module || !scripts.module_named(module.get())) continue;
      refuse("numba has been extended by a function of the script, " +
             utf8_attr(function.get(), "__qualname__"));
    }
}

Ref names_counter() { return attr(import("numba.core.bytecode"), "FunctionIdentity"); }

// (settings, counter, threads, generators)
Ref save_numba() {
  if (!loaded_module("numba._helperlib") || !loaded_attr("numba.core.registry", "CPUDispatcher"))
    return none();
  const Ref lock = attr(import("numba.core.compiler_lock"), "global_compiler_lock");
  if (is_true(call_method(lock, "is_locked"))) refuse("numba is compiling a function");
  refuse_extensions();
  return pack(save_settings(), attr(names_counter(), "_unique_ids"), save_threads(),
              save_generators());
}

void restore_numba(PyObject* saved) {
  ok(PyDict_Update(PyModule_GetDict(import("numba.core.config").get()), item(saved, 0)));
  set_attr(names_counter().get(), "_unique_ids", item(saved, 1));
  if (item(saved, 2) != Py_None) call_method(import(kThreads), "set_num_threads", item(saved, 2));
  restore_generators(item(saved, 3));
}

}  // namespace

void register_numba_part() {
  register_process_part({"numba", save_numba, restore_numba, 70, {"numba", "llvmlite"}});
}

}  // namespace chkpt::process
