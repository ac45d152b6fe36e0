// SPDX-License-Identifier: BSD-3-Clause
// Recognises numpy's arrays, scalars and dtypes in a pickle graph by the calls that rebuild them,
// whichever way numpy or chkpt's own pickler wrote them.
#pragma once

#include <optional>
#include <string>

#include "inspect/python_objects.hpp"

namespace chkpt::inspect {

// `call` must be a kCall node.
std::optional<Array> read_array(const PythonObjects& objects, NodeId call);
std::string class_of_array(const PythonObjects& objects, NodeId call);  // "ndarray", "MaskedArray"
std::string numpy_scalar_type(const PythonObjects& objects, NodeId call);  // "" if it is none
std::string dtype_name(const PythonObjects& objects, NodeId dtype);        // "" if it is none
std::string dtype_name(std::string_view code);                             // "f8" -> "float64"

}  // namespace chkpt::inspect
