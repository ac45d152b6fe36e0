// SPDX-License-Identifier: BSD-3-Clause
// What an object of C code holds, under the names by which a script would get at it: for the paths
// in messages. Looks at memory, runs no code of the script's.
#pragma once

#include "python/ref.hpp"

#include <functional>
#include <string>

namespace chkpt::heap {

// `visit` gets what follows the object's own path (".args", "[3]") and what is there; the latter
// may be a list made for this purpose. Throws Raised. Incomplete: for everything else an object
// holds there is tp_traverse.
void each_named_part(PyObject* object,
                     const std::function<void(const std::string&, PyObject*)>& visit);

}  // namespace chkpt::heap
