// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "python/heap/reducers.hpp"

namespace chkpt::heap {

Ref reduce_pattern(Saver&, PyObject*, Rule&);

}  // namespace chkpt::heap
