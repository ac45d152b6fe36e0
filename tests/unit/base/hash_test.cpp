// SPDX-License-Identifier: BSD-3-Clause
#include "base/hash.hpp"

#include <gtest/gtest.h>

namespace chkpt {
namespace {

ByteView bytes(std::string_view text) { return ByteView(text); }

// `printf abc | xxh128sum`
TEST(HashTest, is_xxh3_128_in_canonical_order) {
  EXPECT_EQ(hash128(bytes("abc")).hex(), "06b05ab6733a618578af5f94892f3950");
  EXPECT_EQ(hash128({}).hex(), "99aa06d3014798d86001c324468d497f");
}

TEST(HashTest, pieces_hash_like_the_whole) {
  const std::string text(10000, 'x');
  Hasher hasher;
  hasher.add(bytes(text.substr(0, 1)));
  hasher.add({});
  hasher.add(bytes(text.substr(1, 5000)));
  hasher.add(bytes(text.substr(5001)));
  EXPECT_EQ(hasher.digest(), hash128(bytes(text)));
}

TEST(HashTest, reads_only_its_own_text) {
  const Hash128 hash = hash128(bytes("abc"));
  ASSERT_TRUE(Hash128::from_hex(hash.hex()));
  EXPECT_EQ(*Hash128::from_hex(hash.hex()), hash);
  EXPECT_FALSE(Hash128::from_hex(""));
  EXPECT_FALSE(Hash128::from_hex(hash.hex() + "0"));
  EXPECT_FALSE(Hash128::from_hex(hash.hex().substr(1) + "G"));
  EXPECT_FALSE(Hash128::from_hex("06B05AB6733A618578AF5F94892F3950"));
}

}  // namespace
}  // namespace chkpt
