// SPDX-License-Identifier: BSD-3-Clause
// How calls of the C library are wrapped: the executable exports a function of the same name, which
// Python, its extension modules and the libraries under them find first.
#pragma once

#include <cstring>

#include <dlfcn.h>

#define CHKPT_CALL extern "C" __attribute__((visibility("default"), used))

namespace chkpt::files {

// The next definition in the order of loading: the C library's, or that of a tool in between.
template <class Function>
Function next_definition(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

// Whether code of the extension module of this name makes a call.
inline bool is_called_by(const void* caller, const char* module) {
  Dl_info info{};
  if (::dladdr(caller, &info) == 0 || info.dli_fname == nullptr) return false;
  const char* const slash = std::strrchr(info.dli_fname, '/');
  const char* const file = slash == nullptr ? info.dli_fname : slash + 1;
  return std::strncmp(file, module, std::strlen(module)) == 0;
}

}  // namespace chkpt::files

#define CHKPT_NEXT(name) \
  static const auto real = chkpt::files::next_definition<decltype(&::name)>(#name)
