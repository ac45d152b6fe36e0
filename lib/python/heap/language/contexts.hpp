// SPDX-License-Identifier: BSD-3-Clause
// contextvars: contexts looked at, and left alone by our own calls.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// [(variable, value)] of a contextvars.Context, in the order of the variables' names: its own order
// goes by their addresses.
Ref context_items(const Ref& context);

// Calls it in a context of its own: asking decimal for anything leaves a variable in the current
// one.
Ref called_apart(const Ref& callable);

}  // namespace chkpt::heap
