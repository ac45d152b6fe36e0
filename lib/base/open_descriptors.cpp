// SPDX-License-Identifier: BSD-3-Clause
#include "base/open_descriptors.hpp"

#include "base/directory.hpp"

#include <string>

namespace chkpt {

std::vector<OpenDescriptor> open_descriptors() {
  std::vector<OpenDescriptor> found;
  for (const std::string& name : Directory::open("/proc/self/fd").names()) {
    OpenDescriptor open{std::stoi(name), {}};
    if (fstat(open.number, &open.info) == 0) found.push_back(open);
  }
  return found;
}

}  // namespace chkpt
