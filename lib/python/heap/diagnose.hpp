// SPDX-License-Identifier: BSD-3-Clause
// Explains a failed save to the user: how the object is reached from the script's variables, what
// it is, why it cannot be saved and where that variable lives. Runs only after a failure.
#pragma once

#include "python/ref.hpp"

#include <string>
#include <vector>

#include "python/heap/saver.hpp"

namespace chkpt::heap {

struct Failure {
  std::string text;      // "`__main__.solver.cache['x'] -> <socket.socket>` at fit.py:31: reason"
  std::vector<Ref> way;  // the objects that lead to the culprit, it first
};
// Consumes the pending Python exception. `body`: what was being pickled, may be null.
Failure explain_failure(Saver& saver, const Ref& body);

}  // namespace chkpt::heap
