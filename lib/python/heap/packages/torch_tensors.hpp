// SPDX-License-Identifier: BSD-3-Clause
// torch tensors and their storages, and the numpy arrays that share memory with them.
#pragma once

#include "python/heap/saver.hpp"

namespace chkpt::heap {

bool is_torch_tensor_type(PyTypeObject* type);
bool is_torch_storage_type(PyTypeObject* type);
bool is_torch_typed_storage_type(PyTypeObject* type);  // a Python object around the one above
Ref reduce_torch_tensor(Saver&, PyObject*, Rule&);
Ref reduce_torch_storage(Saver&, PyObject*, Rule&);

// An array whose memory, at the end of its bases, is a tensor's.
Ref reduce_array_of_tensor(Saver&, PyObject* array, PyObject* owner, Rule&);

}  // namespace chkpt::heap
