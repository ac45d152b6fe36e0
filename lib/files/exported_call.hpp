// SPDX-License-Identifier: BSD-3-Clause
// How calls of the C library are wrapped: the executable exports a function of the same name, which
// Python, its extension modules and the libraries under them find first.
#pragma once

#include <dlfcn.h>

#define CHKPT_CALL extern "C" __attribute__((visibility("default"), used))

namespace chkpt::files {

// The next definition in the order of loading: the C library's, or that of a tool in between.
template <class Function>
Function next_definition(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace chkpt::files

#define CHKPT_NEXT(name) \
  static const auto real = chkpt::files::next_definition<decltype(&::name)>(#name)
