// SPDX-License-Identifier: BSD-3-Clause
// Explains a failed save to the user: how the object is reached from the script's variables, what
// it is, why it cannot be saved and where that variable lives. Runs only after a failure.
#pragma once

#include "python/ref.hpp"

#include <string>

#include "python/heap/saver.hpp"

namespace chkpt::heap {

// Consumes the pending Python exception. `body`: what was being pickled, may be null.
// "`__main__.solver.cache['x'] -> <socket.socket>`: reason, at fit.py:31"
std::string explain_failure(Saver& saver, const Ref& body);

}  // namespace chkpt::heap
