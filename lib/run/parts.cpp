// SPDX-License-Identifier: BSD-3-Clause
#include "run/parts.hpp"

#include <Python.h>

#include "cut/handles.hpp"
#include "python/chkpt/module.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::run {

void register_parts() {
  process::register_parts();
  cut::handles::register_types();
  heap::ProcessPart module;
  module.name = "chkpt";
  module.save = python::module_state;
  module.restore = [](PyObject* state) { python::restore_module_state(state); };
  module.order = 100;
  heap::register_process_part(module);
}

}  // namespace chkpt::run
