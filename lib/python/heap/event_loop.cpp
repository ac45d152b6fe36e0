// SPDX-License-Identifier: BSD-3-Clause
// asyncio. Event loops own a selector and sockets, and the C tasks hide the frames they run:
// neither can be saved. The text says so in the script's terms.
#include <Python.h>

#include <cstring>

#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {

bool is_event_loop_type(PyTypeObject* type) {
  if (std::strcmp(type->tp_name, "_asyncio.Task") == 0 ||
      std::strcmp(type->tp_name, "_asyncio.Future") == 0)
    return true;
  if (!loaded_module("asyncio.events")) return false;
  const Ref base = loaded_attr("asyncio.events", "AbstractEventLoop");
  return base && PyType_Check(base.get()) &&
         PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base.get()));
}

Ref reduce_event_loop(Saver&, PyObject*, Rule& rule) {
  refuse(std::string("asyncio is running (") + rule.type->tp_name +
         "); snapshots are possible before and after asyncio.run()");
}

}  // namespace chkpt::heap
