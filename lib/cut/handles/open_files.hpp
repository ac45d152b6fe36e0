// SPDX-License-Identifier: BSD-3-Clause
// MPI.File objects. The library's files are open again when objects are loaded. Needs the GIL.
#pragma once

#include "cut/handles/module.hpp"
#include "mpi/interpose/rebuild_file.hpp"

namespace chkpt::cut::handles {

Ref describe_file(PyObject* object);  // the file's id
void restore_file(PyObject* object, PyObject* payload);

void forget_described_files();
// Throws CannotSave for an open file that no saved MPI.File stands for: a library under Python may
// hold its handle.
void check_files_described(const std::vector<mpi::FileRecipe>& recipes);

}  // namespace chkpt::cut::handles
