// SPDX-License-Identifier: BSD-3-Clause
// Element types in HDF5, with h5py's conventions: complex is a compound {r, i}, bool an enumeration
// FALSE = 0, TRUE = 1 of int8, half precision an IEEE float of 2 bytes.
#pragma once

#include <optional>
#include <string>

#include "store/element.hpp"
#include "store/h5/handle.hpp"

namespace chkpt::store::h5 {

Type make_type(const Element& element);

// The index's record (FORMAT.md), so that viewers show its fields by name.
Type make_index_type();
Type make_text_type(std::size_t width);  // fixed length, NUL padded

// A short description for people. Throws FormatError for variable-length and reference types.
std::string describe_type(hid_t type);

}  // namespace chkpt::store::h5
