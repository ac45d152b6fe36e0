// SPDX-License-Identifier: BSD-3-Clause
#include "base/hash.hpp"

#include <new>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace chkpt {
namespace {

Hash128 canonical(XXH128_hash_t hash) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, hash);
  Hash128 out;
  std::copy(std::begin(bytes.digest), std::end(bytes.digest), out.bytes.begin());
  return out;
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string Hash128::hex() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(32);
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::optional<Hash128> Hash128::from_hex(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  Hash128 out;
  for (std::size_t i = 0; i < 16; ++i) {
    const int high = digit_value(text[2 * i]);
    const int low = digit_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return out;
}

Hash128 hash128(ByteView bytes) { return canonical(XXH3_128bits(bytes.data, bytes.size)); }

struct Hasher::State {
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> xxh{XXH3_createState()};
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  if (!state_->xxh || XXH3_128bits_reset(state_->xxh.get()) != XXH_OK) throw std::bad_alloc();
}
Hasher::~Hasher() = default;

void Hasher::add(ByteView bytes) {
  if (bytes.size > 0) XXH3_128bits_update(state_->xxh.get(), bytes.data, bytes.size);
}

Hash128 Hasher::digest() const { return canonical(XXH3_128bits_digest(state_->xxh.get())); }

}  // namespace chkpt
