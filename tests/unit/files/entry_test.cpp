// SPDX-License-Identifier: BSD-3-Clause
#include "files/entry.hpp"

#include <gtest/gtest.h>

namespace chkpt::files {
namespace {

Entry sample() {
  Entry entry;
  entry.generation = 3;
  entry.epoch = 17;
  entry.time_ns = 1'795'354'698'515'433'011;
  entry.kind = Entry::Kind::kKept;
  entry.path = "/scratch/a b/100%/\xff\n.log";
  entry.host = "node1";
  entry.folder = 12345678901234ULL;
  entry.size = 4096;
  entry.mode = 0100644;
  entry.mtime_ns = 5;
  entry.kept = "kept-1-2-3";
  entry.target = "../x y";
  return entry;
}

TEST(Entry, IsOneLineAndComesBack) {
  const Entry entry = sample();
  const std::string line = encode(entry);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto back = decode(line.substr(0, line.size() - 1));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->path, entry.path);
  EXPECT_EQ(back->target, entry.target);
  EXPECT_EQ(back->kind, entry.kind);
  EXPECT_EQ(encode(*back), line);
}

TEST(Entry, EveryFlippedBitIsNoticed) {
  const std::string line = encode(sample());
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = line.substr(0, line.size() - 1);
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      EXPECT_FALSE(decode(bad)) << "byte " << i << " bit " << bit;
    }
  }
}

TEST(Entry, AKeptFileLiesInItsFolder) {
  Entry entry = sample();
  entry.kept = "../../home/user/.ssh/id_rsa";
  std::string line = encode(entry);
  line.pop_back();
  EXPECT_FALSE(decode(line));
}

TEST(Entry, AnUnfinishedLastLineIsNoDamage) {
  const std::string line = encode(sample());
  Lines lines = decode_all(line + line.substr(0, 50));
  EXPECT_EQ(lines.entries.size(), 1u);
  EXPECT_FALSE(lines.damaged);
  lines = decode_all(line.substr(0, 50) + "\n" + line);
  EXPECT_EQ(lines.entries.size(), 1u);
  EXPECT_TRUE(lines.damaged);
}

}  // namespace
}  // namespace chkpt::files
