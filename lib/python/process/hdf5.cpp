// SPDX-License-Identifier: BSD-3-Clause
// What h5py keeps in C: the settings of h5py.get_config() (how complex numbers and truth values are
// named in files, whether the order of members is kept), and how often its lock is held by a call
// that the script is in the middle of.
#include <Python.h>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

constexpr int kAfterObjects = 1011;
constexpr const char* kSettings[] = {"complex_names", "bool_names", "track_order"};

// As the setters want it: bytes among the names would become their repr().
Ref setting(const Ref& config, const char* name) {
  Ref value = attr_or_null(config.get(), name);
  if (!value) return none();
  if (!PyTuple_Check(value.get())) return value;
  const Ref texts = new_list();
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value.get()); ++i) {
    PyObject* one = PyTuple_GET_ITEM(value.get(), i);
    append(texts, PyBytes_Check(one) ? call_method(one, "decode") : Ref::borrow(one));
  }
  return own(PyList_AsTuple(texts.get()));
}

// The lock tells only whether this thread has it.
long long times_held(const Ref& lock) {
  long long count = 0;
  for (; is_true(call_method(lock, "_is_owned")); ++count) call_method(lock, "release");
  for (long long i = 0; i < count; ++i) call_method(lock, "acquire");
  return count;
}

Ref lock_of_h5py() { return loaded_attr("h5py._objects", "phil"); }

Ref save_config() {
  const Ref get_config = loaded_attr("h5py", "get_config"), lock = lock_of_h5py();
  if (!get_config || !lock) return none();
  const Ref config = call(get_config), values = new_list();
  for (const char* name : kSettings) append(values, setting(config, name));
  return pack(values, number(times_held(lock)));
}

void restore_config(PyObject* saved) {
  PyObject* values = item(saved, 0);
  const Ref config = call_method(import("h5py"), "get_config");
  Py_ssize_t i = 0;
  for (const char* name : kSettings) {
    PyObject* value = PyList_GET_ITEM(values, i++);
    if (value == Py_None) continue;
    if (ok(PyObject_RichCompareBool(setting(config, name).get(), value, Py_NE)))
      set_attr(config.get(), name, value);
  }
  const Ref lock = lock_of_h5py();
  for (long long held = integer(item(saved, 1)); held > 0; --held) call_method(lock, "acquire");
}

}  // namespace

void register_hdf5_part() {
  register_process_part({"h5py", save_config, restore_config, kAfterObjects});
}

}  // namespace chkpt::process
