// SPDX-License-Identifier: BSD-3-Clause
// How the ranks of a job find each other.
#pragma once

#include <vector>

#include "cut/ports.hpp"

namespace chkpt::cut {

struct Connections {
  int parent = -1;          // of rank 0
  Link up;                  // to the parent
  std::vector<Port> ports;  // to the children, with all who speak through them
};

// Collective: connects the ranks by TCP to a tree (tree.hpp). A secret spread over MPI keeps
// strangers out. Who has children on its own host only listens on the loopback interface. Throws
// IoError or MpiError.
Connections connect_ranks(int fan_out);

}  // namespace chkpt::cut
