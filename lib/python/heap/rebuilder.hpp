// SPDX-License-Identifier: BSD-3-Clause
// The functions that a stream calls to rebuild objects. In the stream each is the persistent id
// ('R', name), so that no module of ours has to be importable. Names are part of the format: a
// rebuilder may get a successor under a new name, but never another meaning.
#pragma once

#include "python/ref.hpp"

#include <string>
#include <vector>

#include "python/heap/call.hpp"

namespace chkpt::heap {

class Rebuilder {
 public:
  // Objects of static storage only; they enter a list that lives as long as the process.
  Rebuilder(const char* name, _PyCFunctionFast code);
  Rebuilder(const Rebuilder&) = delete;
  Rebuilder& operator=(const Rebuilder&) = delete;

  const char* name() const { return definition_.ml_name; }
  PyObject* function() const;  // borrowed; made at the first use, then kept. Needs the GIL.

 private:
  PyMethodDef definition_;
  mutable PyObject* function_ = nullptr;
};

const std::vector<const Rebuilder*>& rebuilders();
PyObject* rebuilder_function(const std::string& name);  // borrowed; null if unknown

}  // namespace chkpt::heap
