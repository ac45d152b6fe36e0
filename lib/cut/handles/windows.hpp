// SPDX-License-Identifier: BSD-3-Clause
// MPI.Win objects. Windows of the library's memory exist when objects are loaded; those on a buffer
// of the script's are promised to their objects meanwhile and made when everything is loaded, in
// the same order on all ranks. Needs the GIL.
#pragma once

#include "cut/handles/module.hpp"
#include "mpi/interpose/rebuild_window.hpp"

namespace chkpt::cut::handles {

// (id, the MPI.memory that mpi4py keeps for the window or None)
Ref describe_window(const Module& module, PyObject* object);
void restore_window(PyObject* object, PyObject* payload);
void forget_described_windows();
// Throws CannotSave for a window that no saved MPI.Win stands for: a library under Python may hold
// its handle.
void check_windows_described(const std::vector<mpi::WindowRecipe>& recipes);

// A part of a shared window's memory that another rank owns: (Win, rank), or null if `memory` of
// `owner` is none.
Ref describe_segment(PyObject* owner, const Py_buffer& memory);
Ref make_segment(PyObject* payload);

// What begin_load has read.
void expect_windows(const std::vector<mpi::WindowRecipe>& recipes);
// Whether each of them can be made; throws. Then, collective, makes them.
void check_promised_windows();
void make_promised_windows();
void forget_promised_windows();

}  // namespace chkpt::cut::handles
