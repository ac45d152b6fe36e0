// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/process/register.hpp"

#include "python/heap/call.hpp"
#include "python/heap/compiled/global_libraries.hpp"
#include "python/heap/modules/library_globals.hpp"

namespace chkpt::process {

void register_parts() {
  try {
    register_thread_part();
    register_interpreter_parts();
    register_import_hook_part();
    register_main_name_parts();
    register_codec_parts();
    register_descriptor_part();
    register_environment_parts();
    register_diagnostics_parts();
    register_stream_part();
    register_library_parts();
    register_library_setting_parts();
    register_multiprocessing_parts();
    register_logging_part();
    register_signal_part();
    register_function_parts();
    register_random_parts();
    register_torch_part();
    register_fortran_part();
    register_fortran_units_part();
    register_fortran_random_part();
    register_own_module_parts();
    register_numba_part();
    register_asyncio_part();
    register_clock_part();
    register_hdf5_part();
    heap::note_first_libraries();
    heap::watch_library_globals();
  } catch (const heap::Raised&) {
    throw_pending_exception();
  }
}

}  // namespace chkpt::process
