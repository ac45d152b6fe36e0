// SPDX-License-Identifier: BSD-3-Clause
#include "python/heap/rebuilder.hpp"

namespace chkpt::heap {
namespace {

std::vector<const Rebuilder*>& list() {
  static std::vector<const Rebuilder*> all;
  return all;
}

}  // namespace

Rebuilder::Rebuilder(const char* name, _PyCFunctionFast code)
    : definition_{name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(code)),
                  METH_FASTCALL, nullptr} {
  list().push_back(this);
}

PyObject* Rebuilder::function() const {
  if (!function_)
    function_ = PyCFunction_New(const_cast<PyMethodDef*>(&definition_), nullptr);  // NOLINT
  if (!function_) throw Raised{};
  return function_;
}

const std::vector<const Rebuilder*>& rebuilders() { return list(); }

PyObject* rebuilder_function(const std::string& name) {
  for (const Rebuilder* rebuilder : list())
    if (name == rebuilder->name()) return rebuilder->function();
  return nullptr;
}

}  // namespace chkpt::heap
