// SPDX-License-Identifier: BSD-3-Clause
// Page-aligned private memory straight from the kernel: for file images of any size that must not
// fragment the heap and go back to the system as a whole. Contents are zero at first.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace chkpt {

class AnonymousMemory {
 public:
  AnonymousMemory() = default;
  explicit AnonymousMemory(std::size_t size);  // throws IoError (ENOMEM) naming the size
  AnonymousMemory(AnonymousMemory&& other) noexcept;
  AnonymousMemory& operator=(AnonymousMemory&& other) noexcept;
  AnonymousMemory(const AnonymousMemory&) = delete;
  AnonymousMemory& operator=(const AnonymousMemory&) = delete;
  ~AnonymousMemory();

  std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }
  ByteView view() const { return {data_, size_}; }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace chkpt
