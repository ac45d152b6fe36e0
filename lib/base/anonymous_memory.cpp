// SPDX-License-Identifier: BSD-3-Clause
#include "base/anonymous_memory.hpp"

#include <cerrno>
#include <string>
#include <utility>

#include <sys/mman.h>

#include "base/error.hpp"
#include "base/units.hpp"

namespace chkpt {

AnonymousMemory::AnonymousMemory(std::size_t size) {
  if (size == 0) return;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw IoError("not enough memory: " + format_bytes(size) + " needed for a file image", errno);
  }
  data_ = static_cast<std::uint8_t*>(memory);
  size_ = size;
}

AnonymousMemory::AnonymousMemory(AnonymousMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

AnonymousMemory& AnonymousMemory::operator=(AnonymousMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

AnonymousMemory::~AnonymousMemory() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace chkpt
