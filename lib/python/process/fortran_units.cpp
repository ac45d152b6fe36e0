// SPDX-License-Identifier: BSD-3-Clause
// Fortran's units: their output is written out before a snapshot, files that are open refused.
#include <Python.h>

#include <cstdint>
#include <string>

#include <dlfcn.h>

#include "files/descriptors.hpp"
#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/fortran_run_time.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

// What is still in the buffers of Fortran's units, standard output among them, would be written
// twice or never; and where such a unit stands only its run-time library knows.
Ref end_output() {
  for (const auto& file : files::descriptors::of_libraries()) {
    Dl_info code{};
    if (dladdr(file.caller, &code) == 0 || !code.dli_fname || !is_fortran_run_time(code.dli_fname))
      continue;
    const std::string link = "/proc/self/fd/" + std::to_string(file.number);
    refuse("a file that Fortran code has opened: " +
           utf8(call_method(import("posix"), "readlink", text(link)).get()));
  }
  using Flush = void (*)(const std::int32_t* unit);  // all if null
  for (const Flush flush : fortran_functions<Flush>("_gfortran_flush_i4")) flush(nullptr);
  return none();
}

}  // namespace

void register_fortran_units_part() {
  register_process_part({"fortran units", end_output, [](PyObject*) {}, 70});
}

}  // namespace chkpt::process
