// SPDX-License-Identifier: BSD-3-Clause
// What the parts that save objects of h5py share. All of it goes through the script's own h5py and
// the HDF5 library that this is linked to, never through the one inside chkpt. Needs the GIL.
#pragma once

#include "python/ref.hpp"

#include <string>

#include "python/heap/saver.hpp"

namespace chkpt::heap::hdf5 {

// h5py.h5f and so on, whichever build of h5py that is.
Ref module(const char* name);
long long constant(const char* module_name, const char* name);
std::string class_name(PyTypeObject* type);  // without its module

// ---- property lists, by the library's own encoding (H5Pencode)

Ref encoded_list(PyObject* list);
Ref decoded_list(PyTypeObject* type, PyObject* bytes);
// Lists for opening files: what the encoding leaves out comes with it. Refuses drivers that need
// more than a name; `shown` tells what for.
Ref packed_access_list(PyObject* list, const std::string& shown);
Ref unpacked_access_list(PyTypeObject* type, PyObject* packed);

// ---- open files

// Refuses a file that several ranks have open together, before anything is asked of it that they
// would have to do together, too.
void check_alone(PyObject* file_id);
// How the file behind an open FileID is opened again: a tuple, the same for one identifier. A file
// open for writing has been flushed, and its contents become part of the snapshot.
Ref describe_file(Saver& saver, PyObject* file_id);
// Opens it at the first call for one description in a load. Each caller gets an object of its own.
Ref reopen_file(PyObject* description);
// Everything that is written so far reaches the files. Errors are left for describe_file.
void flush_files();

}  // namespace chkpt::heap::hdf5
