// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/shim.hpp"

#include "python/frames/warning_filters.hpp"

namespace chkpt::frames {

long warning_filters_version() { return PyInterpreterState_Get()->warnings.filters_version; }

void set_warning_filters_version(long version) {
  PyInterpreterState_Get()->warnings.filters_version = version;
}

}  // namespace chkpt::frames
