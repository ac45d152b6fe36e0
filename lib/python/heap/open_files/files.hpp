// SPDX-License-Identifier: BSD-3-Clause
// What reducers of files and the process state share.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// Flushes every open file of the script, so that the sizes read later agree with each other.
void flush_open_files();

bool is_closed(PyObject* file);
bool is_seekable(PyObject* file);  // false if closed
// Whether its position is its own: where the output of the launch goes is the new launch's choice,
// and so is where it begins.
bool has_position(PyObject* file);
void flush_if_writable(PyObject* file);

// A layer of the standard streams, by the way to it; null if it is none.
Ref reduce_std_layer(PyObject* file);

// Where the next read of a text file starts, as TextIOWrapper.seek() takes it; also in the middle
// of `for line in file`, where tell() refuses. The file goes on from the same place.
Ref text_position(PyObject* text_file);

// The `newline` argument a TextIOWrapper was made with.
Ref newline_of(PyObject* text_file);

// TextIOWrapper.newlines: which kinds it has met. Shown to the decoder of a file made anew, it says
// the same.
void show_newlines(PyObject* text_file, PyObject* newlines);

}  // namespace chkpt::heap
