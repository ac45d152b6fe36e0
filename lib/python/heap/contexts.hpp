// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// [(variable, value)] of a contextvars.Context, in the order of the variables' names: its own order
// goes by their addresses.
Ref context_items(const Ref& context);

}  // namespace chkpt::heap
