// SPDX-License-Identifier: BSD-3-Clause
#include "store/h5/handle.hpp"

#include <mutex>

#include "base/error.hpp"

namespace chkpt::store::h5 {
namespace {

void start_library() {
  // libhdf5's exit handler can crash when something failed before; it has nothing to save for us.
  H5dont_atexit();
  H5open();
  // A filter plugin would pull in a second, dynamic libhdf5.
  H5PLset_loading_state(0);
}

herr_t keep_first(unsigned, const H5E_error2_t* error, void* text) {
  auto* out = static_cast<std::string*>(text);
  if (out->empty() && error->desc != nullptr) *out = error->desc;
  return 0;
}

std::string innermost_error() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &text);
  H5Eclear2(H5E_DEFAULT);
  return text.empty() ? "no reason given" : text;
}

}  // namespace

Session::Session() {
  static std::once_flag once;
  std::call_once(once, start_library);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // kept per thread by the library
}

hid_t checked(hid_t result, const char* action) {
  if (result < 0) throw Error(std::string("HDF5: cannot ") + action + ": " + innermost_error());
  return result;
}

void check_status(herr_t result, const char* action) { checked(result, action); }

}  // namespace chkpt::store::h5
