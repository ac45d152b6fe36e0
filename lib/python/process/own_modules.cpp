// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/own_modules.hpp"

#include "python/heap/compiled/ctypes_libraries.hpp"
#include "python/heap/foreign.hpp"
#include "python/heap/compiled/own_libraries.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {

// Rebuilding objects of such modules may run their code.
void register_own_module_parts() {
  heap::register_import_observer(heap::note_own_module);
  heap::register_import_observer(heap::watch_ctypes_libraries);
  heap::register_process_part(
      {heap::kOwnLibraries, heap::changed_own_libraries, heap::restore_own_libraries, 80});
  heap::register_process_part(
      {heap::kOwnModules, heap::changed_own_modules, heap::restore_own_modules, 81});
}

}  // namespace chkpt::process
