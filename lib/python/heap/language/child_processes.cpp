// SPDX-License-Identifier: BSD-3-Clause
// subprocess.Popen: one that has ended is what it says; one that runs is the child of this process
// alone and cannot be waited for by another.
#include <Python.h>

#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {

bool is_child_process(PyTypeObject* type) {
  for (const auto& [module, name] :
       {std::pair{"subprocess", "Popen"}, {"multiprocessing.popen_fork", "Popen"}}) {
    const Ref base = loaded_attr(module, name);
    if (base && PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base.get()))) return true;
  }
  return false;
}

// What has ended and was not waited for yet is waited for now, as its next method would do.
Ref reduce_child_process(Saver& saver, PyObject* process, Rule& rule) {
  const Ref code = attr_or_null(process, "returncode");
  if (code && code.is(Py_None) && call_method(process, "poll").is(Py_None))
    refuse("a subprocess that is still running (process " +
           std::to_string(integer(attr(process, "pid").get())) + ")");
  return reduce_special(saver, process, rule);
}

}  // namespace chkpt::heap
