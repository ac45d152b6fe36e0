// SPDX-License-Identifier: BSD-3-Clause
// Objects of torch that are no tensors, and the ways to torch that its other rules share. torch is
// never imported by a save.
#pragma once

#include "python/heap/saver.hpp"

namespace chkpt::heap {

Ref torch(const char* name);  // torch.<name>
bool is_torch_class(PyTypeObject* type, const char* base);
Ref torch_bytes(PyObject* bytes);  // a tensor of bytes

bool is_torch_generator_type(PyTypeObject* type);
bool is_torch_record_function_type(PyTypeObject* type);
Ref reduce_torch_generator(Saver&, PyObject*, Rule&);
Ref reduce_torch_record_function(Saver&, PyObject*, Rule&);

}  // namespace chkpt::heap
