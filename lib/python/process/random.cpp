// SPDX-License-Identifier: BSD-3-Clause
// The hidden global generators of random and numpy.random. Restored last: rebuilding objects may
// draw numbers. Generator objects of the script are ordinary objects.
#include <Python.h>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

constexpr int kLast = 1000;

Ref save_random() {
  const Ref generator = loaded_attr("random", "_inst");
  return generator ? call_method(generator, "getstate") : none();
}
void restore_random(PyObject* saved) {
  call_method(attr(import("random"), "_inst"), "setstate", saved);
}

Ref numpy_generator() { return loaded_attr("numpy.random.mtrand", "_rand"); }

// (state, bit generator): the script may have put one of its own in (set_bit_generator() of numpy
// 1.24 and later), which it shares.
Ref save_numpy_random() {
  const Ref generator = numpy_generator();
  if (!generator) return none();
  const Ref bits = attr(generator, "_bit_generator");
  if (attr(bits, "state").is(Py_None)) return none();
  const bool may_change = static_cast<bool>(loaded_attr("numpy.random", "set_bit_generator"));
  return pack(call_method(generator, "get_state", boolean(false)), may_change ? bits : none());
}
void restore_numpy_random(PyObject* saved) {
  const Ref random = import("numpy.random");
  if (item(saved, 1) != Py_None) call_method(random, "set_bit_generator", item(saved, 1));
  call_method(numpy_generator(), "set_state", item(saved, 0));
}

// (floating point error handling, callback, print options, buffer size)
Ref save_numpy_settings() {
  if (!loaded_module("numpy")) return none();
  const Ref numpy = import("numpy");
  return pack(call_method(numpy, "geterr"), call_method(numpy, "geterrcall"),
              call_method(numpy, "get_printoptions"), call_method(numpy, "getbufsize"));
}
void restore_numpy_settings(PyObject* saved) {
  const Ref numpy = import("numpy");
  call_with(attr(numpy, "seterr").get(), own(PyTuple_New(0)).get(), item(saved, 0));
  call_method(numpy, "seterrcall", item(saved, 1));
  call_with(attr(numpy, "set_printoptions").get(), own(PyTuple_New(0)).get(), item(saved, 2));
  call_method(numpy, "setbufsize", item(saved, 3));
}

}  // namespace

void register_random_parts() {
  register_process_part({"numpy settings", save_numpy_settings, restore_numpy_settings, 40});
  register_process_part({"random", save_random, restore_random, kLast});
  register_process_part({"numpy.random", save_numpy_random, restore_numpy_random, kLast + 1});
}

}  // namespace chkpt::process
