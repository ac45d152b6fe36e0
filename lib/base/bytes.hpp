// SPDX-License-Identifier: BSD-3-Clause
// A borrowed run of bytes. Never owns; valid as long as whatever it was made from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chkpt {

struct ByteView {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;

  ByteView() = default;
  ByteView(const void* d, std::size_t n) : data(static_cast<const std::uint8_t*>(d)), size(n) {}
  ByteView(const std::vector<std::uint8_t>& v) : data(v.data()), size(v.size()) {}  // NOLINT
  explicit ByteView(std::string_view s) : ByteView(s.data(), s.size()) {}

  ByteView part(std::size_t offset, std::size_t n) const { return {data + offset, n}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data), size}; }
};

using Bytes = std::vector<std::uint8_t>;

}  // namespace chkpt
