// SPDX-License-Identifier: BSD-3-Clause
// Buffers and text layers above what is no ordinary file: a decompressor, bytes in memory, a class
// of the script. They are saved with all that they hold, also what waits to be written, and made
// again as they were; what is below is asked for nothing, neither now nor then, for it may not be
// able to give a thing twice, and its methods may be the script's. All need the GIL and throw
// Raised or CannotSave.
#pragma once

#include "python/heap/saver.hpp"

namespace chkpt::heap {

// CPython's own buffer right above its own FileIO, or its text layer above such a buffer. Whatever
// waits in it can be written out without asking anybody.
bool leads_to_file(PyObject* file);

// What is below, borrowed; null if it is neither a buffer nor a text layer, or has been detached.
PyObject* layer_below(PyObject* file);

Ref reduce_buffered_layer(Saver& saver, PyObject* file, Rule& rule);
Ref reduce_text_layer(Saver& saver, PyObject* file, Rule& rule);

}  // namespace chkpt::heap
