// SPDX-License-Identifier: BSD-3-Clause
// A virtual file driver that keeps libhdf5 off the disk: when writing it collects the metadata
// pages of a layout, when reading it serves bytes that were read and verified before. libhdf5's own
// drivers crash or report success when a disk fails.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "base/bytes.hpp"
#include "store/h5/handle.hpp"

namespace chkpt::store::h5 {

// What libhdf5 wrote, page by page. Untouched bytes are zero.
class SparseImage {
 public:
  static constexpr std::uint64_t kPageSize = 4096;
  using Page = std::array<std::uint8_t, kPageSize>;

  void write(std::uint64_t address, const std::uint8_t* from, std::size_t size);
  void read(std::uint64_t address, std::uint8_t* to, std::size_t size) const;

  const std::map<std::uint64_t, Page>& pages() const { return pages_; }  // by page number
  std::uint64_t end() const { return end_; }
  void set_end(std::uint64_t end) { end_ = end; }

 private:
  std::map<std::uint64_t, Page> pages_;
  std::uint64_t end_ = 0;
};

// File access properties for H5Fcreate; the image must outlive the file.
Properties access_to_write(SparseImage& image);
// File access properties for H5Fopen with H5F_ACC_RDONLY; the bytes must outlive the file.
Properties access_to_read(ByteView bytes);

}  // namespace chkpt::store::h5
