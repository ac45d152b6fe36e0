// SPDX-License-Identifier: BSD-3-Clause
// A rank file as libhdf5 sees it, for showing it to people. Works on bytes that were verified
// before, through the memory driver; anything a rank file never contains (external links or
// storage, virtual datasets, filters, variable-length or reference types) is refused.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace chkpt::store::h5 {

struct DatasetInfo {
  std::string path;  // "/buffers/000017"
  std::string
      type;  // "float64", ">i4" style only for big endian: "int32 (big endian)", "complex128"
  std::vector<std::uint64_t> shape;
  std::uint64_t offset = 0;  // of its bytes in the file
  std::uint64_t size_bytes = 0;
};

struct AttributeInfo {
  std::string name;
  std::string value;  // numbers in decimal, text without padding
};

class Reader {
 public:
  // `file` must outlive the reader's constructor only. Throws FormatError.
  explicit Reader(ByteView file);

  const std::vector<DatasetInfo>& datasets() const { return datasets_; }        // by path
  const std::vector<AttributeInfo>& attributes() const { return attributes_; }  // of the root group

 private:
  std::vector<DatasetInfo> datasets_;
  std::vector<AttributeInfo> attributes_;
};

}  // namespace chkpt::store::h5
