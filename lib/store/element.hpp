// SPDX-License-Identifier: BSD-3-Clause
// The element type of a buffer, read from its memoryview.format. Types without an exact HDF5
// counterpart (long double, structures, fixed-length text) are left to be shown as raw bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chkpt::store {

struct Element {
  enum class Kind { kSigned, kUnsigned, kFloat, kComplex, kBool };
  Kind kind = Kind::kUnsigned;
  std::uint32_t size = 1;  // bytes of one element; both parts of a complex number
  bool big_endian = false;

  std::string name() const;  // numpy's: "float64", "complex128", "bool", "int32 (big endian)"
};

// Empty for "" and for everything that has no exact counterpart.
std::optional<Element> parse_element(std::string_view format);

// Does `shape` describe exactly `size` bytes of such elements?
bool fits(const Element& element, const std::vector<std::uint64_t>& shape, std::uint64_t size);

}  // namespace chkpt::store
