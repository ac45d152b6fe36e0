// SPDX-License-Identifier: BSD-3-Clause
// The buffer that the script has attached for buffered sends. At a cut it holds no message: what is
// saved is the object whose memory it is. Needs the GIL.
#pragma once

#include "cut/handles/module.hpp"

namespace chkpt::cut::handles {

// The object, or None. Throws CannotSave if mpi4py does not have it.
Ref save_attached_buffer();
void restore_attached_buffer(PyObject* object);

}  // namespace chkpt::cut::handles
