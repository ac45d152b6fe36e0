// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include <sys/stat.h>

namespace chkpt {

struct OpenDescriptor {
  int number;
  struct stat info;
};

// Those that this process has now, without the one they are listed with. Throws IoError.
std::vector<OpenDescriptor> open_descriptors();

}  // namespace chkpt
