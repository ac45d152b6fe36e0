// SPDX-License-Identifier: BSD-3-Clause
// XXH3-128 in its canonical (big endian) byte order. It finds damage, not malice: who may write a
// file is checked apart from it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace chkpt {

struct Hash128 {
  std::array<std::uint8_t, 16> bytes{};

  std::string hex() const;
  static std::optional<Hash128> from_hex(std::string_view text);  // 32 lower-case digits
  friend bool operator==(const Hash128& a, const Hash128& b) { return a.bytes == b.bytes; }
  friend bool operator!=(const Hash128& a, const Hash128& b) { return !(a == b); }
};

Hash128 hash128(ByteView bytes);

// The same hash over consecutive pieces.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void add(ByteView bytes);
  Hash128 digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chkpt
