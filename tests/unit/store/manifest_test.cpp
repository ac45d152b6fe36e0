// SPDX-License-Identifier: BSD-3-Clause
// The MANIFEST accepts exactly its own text.
#include "store/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace chkpt::store {
namespace {

using ::testing::HasSubstr;

Manifest sample() {
  Manifest manifest;
  manifest.run_id = "job-42";
  manifest.epoch = 420;
  manifest.generation = 3;
  manifest.nranks = 2;
  manifest.created_unix_ns = 1700000000123456789;
  manifest.facts = {{"job", "42"}, {"script", "a b%\n\x01ü.py"}, {"note", ""}};
  manifest.files = {{"rank-00000.h5", 12288, hash128(ByteView(std::string_view("a")))},
                    {"rank-00001.h5", 16384, hash128(ByteView(std::string_view("b")))}};
  return manifest;
}

// The text with another body, but a matching hash: what a clumsy or hostile hand might make.
std::string rehash(const std::string& body) {
  return body + "end " + hash128(ByteView(std::string_view(body))).hex() + "\n";
}

std::string body_of(const std::string& text) { return text.substr(0, text.rfind("end ")); }

std::string refusal(const std::string& text) {
  try {
    parse_manifest(text, "MANIFEST");
  } catch (const FormatError& error) {
    return error.what();
  }
  return "accepted";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(ManifestTest, comes_back_as_it_was) {
  const Manifest in = sample();
  const Manifest out = parse_manifest(format_manifest(in), "MANIFEST");
  EXPECT_EQ(out.run_id, in.run_id);
  EXPECT_EQ(out.epoch, in.epoch);
  EXPECT_EQ(out.generation, in.generation);
  EXPECT_EQ(out.nranks, in.nranks);
  EXPECT_EQ(out.created_unix_ns, in.created_unix_ns);
  EXPECT_EQ(out.facts, in.facts);
  ASSERT_EQ(out.files.size(), 2U);
  EXPECT_EQ(out.files[1].name, "rank-00001.h5");
  EXPECT_EQ(out.files[1].size, 16384U);
  EXPECT_EQ(out.files[1].root, in.files[1].root);
  EXPECT_EQ(out.total_size(), 28672U);
}

TEST(ManifestTest, finds_every_changed_missing_or_added_byte) {
  const std::string text = format_manifest(sample());
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char change : {'\x01', '\x20', '\x7f'}) {
      std::string other = text;
      other[i] = static_cast<char>(other[i] ^ change);
      ASSERT_NE(refusal(other), "accepted") << i;
    }
    ASSERT_NE(refusal(text.substr(0, i)), "accepted") << i;
    ASSERT_NE(refusal(text.substr(0, i) + " " + text.substr(i)), "accepted") << i;
  }
  EXPECT_NE(refusal(text + "\n"), "accepted");
  EXPECT_EQ(refusal(text), "accepted");
}

TEST(ManifestTest, refuses_wrong_meaning_even_with_a_right_hash) {
  const std::string body = body_of(format_manifest(sample()));
  EXPECT_EQ(refusal(rehash(body)), "accepted");
  const auto with = [&](const std::string& from, const std::string& to) {
    return refusal(rehash(replaced(body, from, to)));
  };
  EXPECT_THAT(with("nranks 2", "nranks 3"), HasSubstr("lists 2 files for 3 ranks"));
  EXPECT_THAT(with("nranks 2", "nranks 0"), HasSubstr("impossible rank count"));
  EXPECT_THAT(with("nranks 2", "nranks 99999999999"), HasSubstr("no valid number"));
  EXPECT_THAT(with("epoch 420", "epoch 0420"), HasSubstr("canonical"));
  EXPECT_THAT(with("epoch 420", "epoch -1"), HasSubstr("no valid number"));
  EXPECT_THAT(with("run_id job-42", "run_id ../x"), HasSubstr("no valid run id"));
  EXPECT_THAT(with("rank-00001.h5", "../000001.h5"), HasSubstr("unexpected file"));
  EXPECT_THAT(with("rank-00001.h5", "rank-00000.h5"), HasSubstr("unexpected file"));
  EXPECT_THAT(with("-manifest 1", "-manifest 2"), HasSubstr("written in manifest format 2"));
  EXPECT_THAT(with("generation 3\n", ""), HasSubstr("'generation' is missing"));
  EXPECT_THAT(with("fact job 42\n", "fact job 42\nfact job 43\n"), HasSubstr("canonical"));
  EXPECT_THAT(with("%25", "%2"), HasSubstr("canonical"));
}

TEST(ManifestTest, refuses_keys_that_would_break_its_lines) {
  Manifest manifest = sample();
  manifest.facts["two words"] = "x";
  EXPECT_THROW(format_manifest(manifest), Error);
}

TEST(ManifestTest, names_files_of_large_runs_in_folders) {
  EXPECT_EQ(rank_file_name(3, 4), "rank-00003.h5");
  EXPECT_EQ(rank_file_name(999, 1000), "rank-00999.h5");
  EXPECT_EQ(rank_file_name(3, 1001), "part-000/rank-00003.h5");
  EXPECT_EQ(rank_file_name(123456, 200000), "part-123/rank-123456.h5");
}

TEST(ManifestTest, run_ids_are_plain_names) {
  EXPECT_TRUE(is_valid_run_id("12345_7"));
  EXPECT_TRUE(is_valid_run_id(std::string(36, 'x')));
  EXPECT_FALSE(is_valid_run_id(std::string(37, 'x')));
  EXPECT_FALSE(is_valid_run_id(""));
  EXPECT_FALSE(is_valid_run_id(".."));
  EXPECT_FALSE(is_valid_run_id("a/b"));
  EXPECT_FALSE(is_valid_run_id("a b"));
}

}  // namespace
}  // namespace chkpt::store
