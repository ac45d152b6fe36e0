// SPDX-License-Identifier: BSD-3-Clause
// The worked example of FORMAT.md: the bytes printed there are the bytes that are written.
#include <cstdio>
#include <string_view>

#include "unit/store/snapshot_fixture.hpp"

namespace chkpt::store {
namespace {

// hexdump -C with repeated lines left out, as the page shows it.
std::string hexdump(const std::string& file, std::size_t from, std::size_t to) {
  std::string out;
  std::string previous;
  bool starred = false;
  for (std::size_t at = from; at < to; at += 16) {
    std::string line;
    std::string text;
    char number[32];
    for (std::size_t i = at; i < at + 16; ++i) {
      const auto byte = static_cast<unsigned char>(file.at(i));
      std::snprintf(number, sizeof number, i == at + 8 ? "  %02x" : " %02x", byte);
      line += number;
      text += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
    }
    if (line == previous) {
      if (!starred) out += "*\n";
      starred = true;
      continue;
    }
    starred = false;
    previous = line;
    std::snprintf(number, sizeof number, "%06zx ", at);
    out += number + line + "  |" + text + "|\n";
  }
  return out;
}

// The block that follows the marker in the page.
std::string block_after(const std::string& page, const std::string& marker) {
  const std::size_t at = page.find(marker);
  if (at == std::string::npos) return "no " + marker;
  const std::size_t begin = page.find("```\n", at) + 4;
  return page.substr(begin, page.find("```", begin) - begin);
}

class FormatExampleTest : public StoreTest {
 protected:
  void SetUp() override {
    RunDirectory run = RunDirectory::open_or_create(temporary_.path() + "/run");
    const Generation generation = run.claim("example");
    const SnapshotDir target = run.begin(420, "example", 1, generation);
    const std::vector<std::int32_t> numbers = {1, 2, 3};
    RankImage image;
    image.id = {"example", 420, 0, 1};
    image.meta_json = R"({"format":1})";
    image.pickle = {ByteView(std::string_view("\x80\x05K\x07."))};
    image.buffers = {{{numbers.data(), 12}, "i", {3}, false}};
    image.mpi = ByteView(std::string_view("mpi"));
    Manifest manifest;
    manifest.run_id = "example";
    manifest.epoch = 420;
    manifest.nranks = 1;
    manifest.created_unix_ns = 1700000000000000000;
    manifest.facts = {{"script", "heat.py"}};
    manifest.files = {write_rank_file(stage(image), target)};
    run.commit(target, manifest, generation);
    name_ = target.name();
    rank_file_ = read_all_of(target.path() + "/rank-00000.h5");
    manifest_ = read_all_of(target.path() + "/MANIFEST");
    page_ = read_all_of(CHKPT_FORMAT_PAGE);
  }

  std::string name_, rank_file_, manifest_, page_;
};

TEST_F(FormatExampleTest, manifest_is_the_one_printed) {
  EXPECT_NE(page_.find("`" + name_ + "/`"), std::string::npos) << name_;
  EXPECT_EQ(block_after(page_, "### Example: MANIFEST"), manifest_);
}

TEST_F(FormatExampleTest, index_and_sections_are_those_printed) {
  EXPECT_EQ(block_after(page_, "### Example: sections"), hexdump(rank_file_, 0x1000, 0x1120));
}

TEST_F(FormatExampleTest, table_and_footer_are_those_printed) {
  EXPECT_EQ(block_after(page_, "### Example: block table and footer"),
            hexdump(rank_file_, rank_file_.size() - std::size_t{2} * 4096, rank_file_.size()));
}

}  // namespace
}  // namespace chkpt::store
