// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/shim.hpp"

#include "python/frames/exit_callbacks.hpp"

namespace chkpt::frames {

PyObject* exit_callbacks() {
  Ref list = Ref::steal(PyList_New(0));
  if (!list) return nullptr;
  const auto& state = PyInterpreterState_Get()->atexit;
  for (int i = 0; i < state.ncallbacks; ++i) {
    const auto* callback = state.callbacks[i];
    if (!callback) continue;  // unregistered
    const Ref keywords =
        callback->kwargs ? Ref::borrow(callback->kwargs) : Ref::steal(PyDict_New());
    const Ref entry =
        keywords ? Ref::steal(PyTuple_Pack(3, callback->func, callback->args, keywords.get()))
                 : Ref();
    if (!entry || PyList_Append(list.get(), entry.get()) < 0) return nullptr;
  }
  return list.release();
}

}  // namespace chkpt::frames
