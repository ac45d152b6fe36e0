// SPDX-License-Identifier: BSD-3-Clause
// What reducers of files and the process state share.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// Flushes every open file of the script, so that the sizes read later agree with each other.
void flush_open_files();

// Where the next read of a text file starts, as TextIOWrapper.seek() takes it; also in the middle
// of `for line in file`, where tell() refuses. The file goes on from the same place.
Ref text_position(PyObject* text_file);

// The `newline` argument a TextIOWrapper was made with.
Ref newline_of(PyObject* text_file);

// TextIOWrapper.newlines: which kinds it has met. Shown to the decoder of a file made anew, it says
// the same.
void show_newlines(PyObject* text_file, PyObject* newlines);

}  // namespace chkpt::heap
