// SPDX-License-Identifier: BSD-3-Clause
// The state of the process that belongs to no object of the script: environment, random numbers,
// signal handlers, logging, and so on. Each is a ProcessPart of the heap module.
#pragma once

namespace chkpt::process {

// Registers every part. Once, after the interpreter has started and before the script: what exists
// now is the baseline that a part compares with. Needs the GIL.
void register_parts();

// Groups, in the files of the same name.
void register_interpreter_parts();
void register_import_hook_part();
void register_main_name_parts();
void register_codec_parts();
void register_descriptor_part();
void register_diagnostics_parts();
void register_environment_parts();
void register_random_parts();
void register_torch_part();
void register_hdf5_part();
void register_library_parts();
void register_library_setting_parts();
void register_multiprocessing_parts();
void register_logging_part();
void register_fortran_part();
void register_fortran_units_part();
void register_fortran_random_part();
void register_own_module_parts();
void register_numba_part();
void register_stream_part();
void register_signal_part();
void register_function_parts();
void register_thread_part();
void register_asyncio_part();
void register_clock_part();

}  // namespace chkpt::process
