// SPDX-License-Identifier: BSD-3-Clause
// Little-endian numbers and NUL-padded texts at fixed places of a record. The caller guarantees
// that the place lies inside the record.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace chkpt::store {

template <typename T>
void put_number(std::uint8_t* at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    at[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i));
  }
}

template <typename T>
T get_number(const std::uint8_t* at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value |= std::uint64_t{at[i]} << (8 * i);
  return static_cast<T>(value);
}

inline void put_text(std::uint8_t* at, std::size_t width, std::string_view text) {
  std::fill(at, at + width, std::uint8_t{0});
  std::copy_n(text.begin(), std::min(width, text.size()), at);
}

inline std::string get_text(const std::uint8_t* at, std::size_t width) {
  return {at, std::find(at, at + width, std::uint8_t{0})};
}

}  // namespace chkpt::store
