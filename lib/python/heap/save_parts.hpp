// SPDX-License-Identifier: BSD-3-Clause
// What a save writes, in this order: interned strings, the header that a load needs before anything
// else is there, the body, the contents put off meanwhile (save_rest.hpp). All need the GIL and
// throw Raised or CannotSave.
#pragma once

#include "python/ref.hpp"

#include "python/heap/saver.hpp"

namespace chkpt::heap {

// A list of those of the script's code: code compares some of them by identity.
Ref interned_strings(const Saver& saver);

// A dict: modules and where they come from, the call stack's code.
Ref header_of(const Saver& saver);

// A dict: frames, variables of modules, process state.
Ref body_of(Saver& saver, const SaveRequest& request);

}  // namespace chkpt::heap
