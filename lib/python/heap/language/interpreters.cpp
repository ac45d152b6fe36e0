// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/language/interpreters.hpp"

#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

struct Shared {
  const char *module, *name;
};
constexpr Shared kShared[] = {{"test.support.interpreters.queues", "Queue"},
                              {"test.support.interpreters.channels", "_ChannelEnd"}};

bool derives_from(PyTypeObject* type, const Shared& of) {
  const Ref base = loaded_attr(of.module, of.name);
  return base && PyType_Check(base.get()) &&
         PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base.get())) != 0;
}

// The main one has the same number everywhere.
Ref reduce_interpreter(Saver& saver, PyObject* object, Rule& rule) {
  const Ref id = attr_or_null(object, "_id");
  if (id && integer(id.get()) != PyInterpreterState_GetID(PyInterpreterState_Main()))
    refuse("an interpreter other than the main one; a snapshot is possible when it is gone");
  return saver.by_value().type(rule.type) ? reduce_special(saver, object, rule)
                                          : reduce_by_default(saver, object, rule);
}

Ref refuse_shared(Saver&, PyObject*, Rule&) {
  refuse("a queue or channel between interpreters; a snapshot is possible when it is gone");
}

}  // namespace

Reduce interpreter_rule(PyTypeObject* type) {
  if (!loaded_module("test.support.interpreters")) return nullptr;
  if (derives_from(type, {"test.support.interpreters", "Interpreter"})) return reduce_interpreter;
  for (const Shared& shared : kShared)
    if (derives_from(type, shared)) return refuse_shared;
  return nullptr;
}

}  // namespace chkpt::heap
