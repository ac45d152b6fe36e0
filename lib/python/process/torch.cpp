// SPDX-License-Identifier: BSD-3-Clause
// What torch keeps for the whole process: its generator of random numbers, and the modes that
// `with torch.no_grad()` and the like switch for a while.
#include <Python.h>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/heap/packages/torch_objects.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

constexpr int kAfterObjects = 1010;

struct Mode {
  const char *get, *set;
};
constexpr Mode kModes[] = {
    {"is_grad_enabled", "_C._set_grad_enabled"},
    {"get_default_dtype", "set_default_dtype"},
    {"get_num_threads", "set_num_threads"},
    {"are_deterministic_algorithms_enabled", "use_deterministic_algorithms"},
    {"is_anomaly_enabled", "_C._set_anomaly_enabled"},
};

Ref function_of(const std::string& path) {
  Ref found = import("torch");
  for (std::size_t start = 0, dot = 0; dot != std::string::npos; start = dot + 1) {
    dot = path.find('.', start);
    found = attr(found, path.substr(start, dot - start).c_str());
  }
  return found;
}

Ref save_torch() {
  if (!loaded_attr("torch", "get_rng_state")) return none();
  for (const char* mode : {"is_inference_mode_enabled", "is_autocast_cpu_enabled"})
    if (is_true(call(function_of(mode)))) refuse(std::string("inside torch: ") + mode + "()");
  const Ref modes = new_list();
  for (const Mode& mode : kModes) append(modes, call(function_of(mode.get)));
  const Ref random = call_method(call(function_of("get_rng_state")), "numpy");
  return pack(call_method(random, "tobytes"), modes);
}

void restore_torch(PyObject* saved) {
  PyObject* modes = item(saved, 1);
  Py_ssize_t i = 0;
  for (const Mode& mode : kModes) {
    PyObject* value = PyList_GET_ITEM(modes, i++);
    if (ok(PyObject_RichCompareBool(call(function_of(mode.get)).get(), value, Py_NE)))
      call(function_of(mode.set), value);
  }
  call(function_of("set_rng_state"), torch_bytes(item(saved, 0)));
}

}  // namespace

void register_torch_part() {
  register_process_part({"torch", save_torch, restore_torch, kAfterObjects});
}

}  // namespace chkpt::process
