// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/language/mistaken_pickling.hpp"

#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

bool derives_from(PyTypeObject* type, const char* module, const char* name) {
  const Ref base = loaded_attr(module, name);
  return base && PyType_Check(base.get()) &&
         PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base.get())) != 0;
}

// By name they are what getLogger() gives for it; a logger may be made without it.
Ref reduce_logger(Saver& saver, PyObject* object, Rule& rule) {
  const Ref manager = attr_or_null(object, "manager"), name = attr_or_null(object, "name");
  const Ref known = manager ? attr_or_null(manager.get(), "loggerDict") : Ref();
  const Ref root = manager ? attr_or_null(manager.get(), "root") : Ref();
  const bool is_named =
      root.is(object) ||
      (known && name && PyDict_Check(known.get()) && PyUnicode_Check(name.get()) &&
       PyDict_GetItemWithError(known.get(), name.get()) == object);
  return is_named ? reduce_by_default(saver, object, rule) : reduce_special(saver, object, rule);
}

}  // namespace

// SystemRandom has no state and says so by refusing to show it, WeakSet lists its members in the
// order of their addresses, streams of codecs refuse (not in all releases of 3.11) for what they
// stand on, which is ours to save. Shared memory opens itself by its name again, which nothing may
// have any more, and tells a process of it that will remove it.
Reduce in_place_of_own_reduce(const Rule& rule, bool by_value) {
  PyTypeObject* type = rule.type;
  for (const char* stream : {"StreamReader", "StreamWriter", "StreamReaderWriter", "StreamRecoder"})
    if (derives_from(type, "codecs", stream))
      return rule.layout.native_base == &PyBaseObject_Type ? reduce_special : reduce_native;
  if (derives_from(type, "random", "SystemRandom")) return reduce_native;
  for (const char* shared : {"SharedMemory", "ShareableList"})
    if (derives_from(type, "multiprocessing.shared_memory", shared)) return reduce_special;
  if (!by_value && derives_from(type, "logging", "Logger")) return reduce_logger;
  return derives_from(type, "_weakrefset", "WeakSet") ? reduce_special : nullptr;
}

// The class makes each once: by its value it gives the same one to whoever asks.
Ref reduced_member(PyObject* object, PyTypeObject* type) {
  if (!derives_from(type, "enum", "Enum")) return {};
  const Ref value = attr_or_null(object, "_value_");
  if (!value) return {};
  const Ref arguments = pack(value);
  const Ref same = Ref::steal(PyObject_CallObject(raw(type), arguments.get()));
  if (!same) PyErr_Clear();
  return same.is(object) ? pack(type, arguments) : Ref();
}

}  // namespace chkpt::heap
