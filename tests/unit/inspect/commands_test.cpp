// SPDX-License-Identifier: BSD-3-Clause
// The subcommands on snapshots that the store wrote.
#include "inspect/commands.hpp"

#include <sstream>

#include "base/json.hpp"
#include "inspect/python_pickle.hpp"
#include "inspect/text.hpp"
#include "store/snapshot_fixture.hpp"

namespace chkpt::inspect {
namespace {

using store::Generation;
using store::RunDirectory;

struct Answer {
  int status;
  std::string out;
  std::string err;
  Json json() const { return parse_json(out, "output"); }
};

Answer inspect(const std::vector<std::string>& words) {
  std::ostringstream out, err;
  const int status = run_program(words, out, err);
  return {status, out.str(), err.str()};
}

class CommandsTest : public ::testing::Test {
 protected:
  static constexpr int kRanks = 3;

  CommandsTest()
      : run_(RunDirectory::open_or_create(temporary_.path() + "/run")),
        generation_(run_.claim("test")) {}

  static std::string meta(int rank) {
    const std::string step_line = rank == 2 ? "18" : "17";
    return R"({"format":1,"time_unix_ns":1700000000000000000,"trigger":"interval",)"
           R"("python":"3.11.2","script":"heat.py","argv":["--n","100"],"hostname":"node1",)"
           R"("job":{"id":"42","restart_count":1},"packages":{"numpy":"1.24.2"},)"
           R"("stack":[{"file":"/home/user/heat.py","line":90,"function":"<module>"},)"
           R"({"file":"/home/user/heat.py","line":41,"function":"main"},)"
           R"({"file":"/home/user/heat.py","line":)" +
           step_line + R"(,"function":"Solver.step"}]})";
  }

  std::string commit(std::uint64_t epoch) {
    const store::SnapshotDir target = run_.begin(epoch, "run", kRanks, generation_);
    store::Manifest manifest;
    manifest.run_id = "run";
    manifest.epoch = epoch;
    manifest.nranks = kRanks;
    manifest.created_unix_ns = 1700000000000000000;
    manifest.facts = {{"trigger", "interval"}};
    const std::vector<double> field(10000, 1.5);
    for (int rank = 0; rank < kRanks; ++rank) {
      store::RankImage image;
      image.id = {"run", epoch, rank, kRanks};
      image.meta_json = meta(rank);
      image.pickle = {ByteView(program_pickle())};
      image.buffers = {{{field.data(), field.size() * 8}, "d", {100, 100}, false}};
      manifest.files.push_back(store::write_rank_file(store::stage(image), target));
    }
    run_.commit(target, manifest, generation_);
    return target.path();
  }

  static void damage(const std::string& file) {
    std::string bytes = store::read_all_of(file);
    bytes[bytes.size() / 2] ^= 1;
    store::overwrite(file, bytes);
  }

  store::TemporaryDirectory temporary_;
  RunDirectory run_;
  Generation generation_;
};
TEST_F(CommandsTest, summary_folds_equal_ranks) {
  commit(7);
  const Answer answer = inspect({"--json", run_.path()});
  ASSERT_EQ(answer.status, kFine) << answer.err;
  const Json json = answer.json();
  EXPECT_EQ(json["schema"], "chkpt-inspect/summary/1");
  EXPECT_EQ(json["epoch"], 7);
  EXPECT_EQ(json["nranks"], kRanks);
  EXPECT_EQ(json["valid"], true);
  ASSERT_EQ(json["positions"].size(), 2U);
  EXPECT_EQ(json["positions"][0]["ranks"], Json({0, 1}));
  EXPECT_EQ(json["positions"][1]["ranks"], Json({2}));
  const Json& largest = json["variables"][0];
  EXPECT_EQ(largest["name"], "heat.py:main.<locals>.solver");
  EXPECT_EQ(largest["ranks"], kRanks);
  EXPECT_GE(largest["bytes_min"].get<std::uint64_t>(), 80000U);
}

TEST_F(CommandsTest, every_kind_of_path_is_understood) {
  const std::string snapshot = commit(1);
  for (const std::string& path : {run_.path(), snapshot, snapshot + "/MANIFEST",
                                  snapshot + "/rank-00001.h5", temporary_.path()}) {
    const Answer answer = inspect({"summary", path});
    EXPECT_EQ(answer.status, kFine) << path << ": " << answer.err;
    EXPECT_NE(answer.out.find("snapshot 1 of run run"), std::string::npos) << path;
  }
  EXPECT_EQ(inspect({"--json", snapshot + "/rank-00001.h5"}).json()["positions"][0]["ranks"],
            Json({1}));
}

TEST_F(CommandsTest, text_fits_80_columns) {
  const std::string snapshot = commit(1);
  for (const char* command : {"summary", "list", "tree", "stack", "check"}) {
    const Answer answer = inspect({command, snapshot});
    EXPECT_EQ(answer.status, kFine) << command << ": " << answer.err;
    std::istringstream lines(answer.out);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(columns(line), 80U) << command << ": " << line;
    }
  }
}

TEST_F(CommandsTest, list_tells_which_one_a_resume_takes) {
  commit(1);
  commit(2);
  damage(commit(3) + "/rank-00002.h5");
  const Answer answer = inspect({"list", "--json", run_.path()});
  EXPECT_EQ(answer.status, kDamaged);
  const Json json = answer.json();
  ASSERT_EQ(json["snapshots"].size(), 3U);
  EXPECT_EQ(json["snapshots"][0]["state"], "damaged");
  EXPECT_EQ(json["snapshots"][0]["resume"], false);
  EXPECT_EQ(json["snapshots"][1]["epoch"], 2);
  EXPECT_EQ(json["snapshots"][1]["resume"], true);
  EXPECT_EQ(json["snapshots"][2]["state"], "committed");
  EXPECT_EQ(json["snapshots"][2]["facts"]["trigger"], "interval");
}

TEST_F(CommandsTest, what_failed_after_two_resumes_is_taken_last) {
  commit(1);
  for (int attempt = 0; attempt < 2; ++attempt) run_.note_resume_attempt(1);
  EXPECT_EQ(inspect({"list", "--json", run_.path()}).json()["snapshots"][0]["resume"], true);
  EXPECT_EQ(inspect({"check", "--json", run_.path()}).json()["resume_epoch"], 1);
  EXPECT_EQ(inspect({"--json", run_.path()}).json()["epoch"], 1);
  commit(2);
  for (int attempt = 0; attempt < 2; ++attempt) run_.note_resume_attempt(2);
  commit(3);
  EXPECT_EQ(inspect({"list", "--json", run_.path()}).json()["snapshots"][0]["resume"], true);
  EXPECT_EQ(inspect({"check", "--json", run_.path()}).json()["resume_epoch"], 3);
}

TEST_F(CommandsTest, snapshots_before_a_fresh_start_are_whole_but_not_resumed) {
  commit(1);
  run_.start_afresh(run_.claim("anew"));
  const Answer list = inspect({"list", "--json", run_.path()});
  EXPECT_EQ(list.status, kFine) << list.out;
  EXPECT_EQ(list.json()["snapshots"][0]["state"], "superseded");
  EXPECT_EQ(list.json()["snapshots"][0]["resume"], false);
  const Json check = inspect({"check", "--json", run_.path()}).json();
  EXPECT_EQ(check["snapshots"][0]["intact"], true);
  EXPECT_EQ(check["snapshots"][0]["superseded"], true);
  EXPECT_EQ(check["resume_epoch"], nullptr);
}

TEST_F(CommandsTest, tree_shows_one_rank_unless_told_otherwise) {
  commit(1);
  EXPECT_EQ(inspect({"tree", "--json", run_.path()}).json()["ranks"].size(), 1U);
  EXPECT_EQ(inspect({"tree", "--json", "-r", "all", run_.path()}).json()["ranks"].size(), 3U);
  const Answer one = inspect({"tree", "--json", "-r", "2", run_.path(), "*.u"});
  const Json rank = one.json()["ranks"][0];
  EXPECT_EQ(rank["rank"], 2);
  ASSERT_EQ(rank["variables"].size(), 1U);
  EXPECT_EQ(rank["variables"][0]["shape"], Json({100, 100}));
  EXPECT_EQ(rank["variables"][0]["dtype"], "float64");
}

TEST_F(CommandsTest, tree_says_when_nothing_matches) {
  commit(1);
  const Answer answer = inspect({"tree", run_.path(), "nothing*"});
  EXPECT_EQ(answer.status, kTrouble);
  EXPECT_EQ(answer.err, "chkpt-inspect: no variable matches 'nothing*'\n");
  EXPECT_EQ(inspect({"tree", "-r", "9", run_.path()}).status, kTrouble);
}

TEST_F(CommandsTest, stack_shows_lines_and_locals) {
  commit(1);
  const Answer answer = inspect({"stack", run_.path()});
  ASSERT_EQ(answer.status, kFine) << answer.err;
  EXPECT_NE(answer.out.find("ranks 0, 1 (locals of rank 0), most recent call last:"),
            std::string::npos)
      << answer.out;
  const Json json = inspect({"stack", "-r", "0", "--json", run_.path()}).json();
  ASSERT_EQ(json["stacks"].size(), 1U);
  EXPECT_EQ(json["stacks"][0]["frames"][1]["function"], "main");
  EXPECT_EQ(json["stacks"][0]["frames"][1]["locals"][2]["value"], "7");
}

TEST_F(CommandsTest, check_reads_everything) {
  const std::string snapshot = commit(1);
  const Answer good = inspect({"check", "--json", run_.path()});
  EXPECT_EQ(good.status, kFine) << good.out << good.err;
  EXPECT_EQ(good.json()["resume_epoch"], 1);
  damage(snapshot + "/rank-00001.h5");
  const Answer bad = inspect({"check", "--json", snapshot});
  EXPECT_EQ(bad.status, kDamaged);
  EXPECT_EQ(bad.json()["resume_epoch"], nullptr);
  ASSERT_EQ(bad.json()["snapshots"][0]["problems"].size(), 1U);
  EXPECT_NE(bad.json()["snapshots"][0]["problems"][0].get<std::string>().find("rank-00001.h5"),
            std::string::npos);
}

TEST_F(CommandsTest, a_damaged_rank_does_not_hide_the_others) {
  damage(commit(1) + "/rank-00000.h5");
  const Answer answer = inspect({"--json", run_.path()});
  EXPECT_EQ(answer.status, kDamaged);
  EXPECT_EQ(answer.json()["damage"].size(), 1U);
  EXPECT_EQ(answer.json()["valid"], false);
  EXPECT_EQ(answer.json()["python"], "3.11.2");
}

TEST_F(CommandsTest, every_flipped_byte_of_a_rank_file_is_noticed) {
  const std::string file = commit(1) + "/rank-00000.h5";
  const std::string whole = store::read_all_of(file);
  for (std::size_t at = 0; at < whole.size(); at += 997) {
    std::string bytes = whole;
    bytes[at] ^= 0x40;
    store::overwrite(file, bytes);
    EXPECT_EQ(inspect({"tree", run_.path()}).status, kDamaged) << at;
  }
}

TEST_F(CommandsTest, bad_paths_are_one_clear_line) {
  const std::string text_file = temporary_.path() + "/notes.txt";
  std::ofstream(text_file) << "nothing";
  for (const std::string& path : {std::string("/no/such/path"), text_file, std::string("/dev/null"),
                                  std::string(""), run_.path()}) {
    const Answer answer = inspect({path});
    EXPECT_EQ(answer.status, kTrouble) << path;
    EXPECT_EQ(answer.out, "") << path;
    EXPECT_EQ(std::count(answer.err.begin(), answer.err.end(), '\n'), 1) << answer.err;
  }
}

}  // namespace
}  // namespace chkpt::inspect
