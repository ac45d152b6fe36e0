// SPDX-License-Identifier: BSD-3-Clause
#include "run/parts.hpp"

#include <Python.h>

#include "cut/handles.hpp"
#include "python/chkpt/module.hpp"
#include "python/heap/call.hpp"
#include "python/heap/customs.hpp"
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
  heap::set_customs([] {
    const Ref said = python::customs();
    if (said.is(Py_None)) return heap::Customs{};
    const auto part = [&](Py_ssize_t i) { return Ref::borrow(heap::item(said, i)); };
    return heap::Customs{part(0), part(1), part(2)};
  });
}

}  // namespace chkpt::run
