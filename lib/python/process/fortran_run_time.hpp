// SPDX-License-Identifier: BSD-3-Clause
// The libraries that Fortran code runs with; a package may bring one of its own.
#pragma once

#include <string>
#include <vector>

#include "base/loaded_images.hpp"
#include "base/text.hpp"

namespace chkpt::process {

inline bool is_fortran_run_time(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  for (const char* run_time : {"libgfortran", "libflang", "libifcore"})
    if (begins_with(name, run_time)) return true;
  return false;
}

// Those of this name in each of them.
template <class Function>
std::vector<Function> fortran_functions(const char* name) {
  std::vector<Function> found;
  for (void* function : functions_named(name, is_fortran_run_time))
    found.push_back(reinterpret_cast<Function>(function));
  return found;
}

}  // namespace chkpt::process
