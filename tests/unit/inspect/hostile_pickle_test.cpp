// SPDX-License-Identifier: BSD-3-Clause
// Bytes that no pickler writes: every outcome but a FormatError or a graph is a bug. Everything
// that looks at a graph is run on what the scanner lets through.
#include <random>
#include <string_view>

#include "base/error.hpp"
#include "inspect/python_pickle.hpp"
#include "inspect/python_values.hpp"
#include "inspect/variables.hpp"

namespace chkpt::inspect {
namespace {

constexpr std::size_t kSmallMemory = 64 << 20;
constexpr std::size_t kBuffers = 4;

// True if the stream was accepted.
bool scan_and_show(const Bytes& stream) {
  try {
    const ScannedPickle scanned = scan_pickle(ByteView(stream), kBuffers, {kSmallMemory});
    const PythonObjects objects(scanned.graph, deferred_pickles(scanned.graph, scanned.roots),
                                std::vector<BufferFacts>(kBuffers, {800, "d", {100}}));
    for (const NodeId root : scanned.roots) short_value(objects, root, 60);
    for (NodeId n = 0; n < scanned.graph.size(); ++n) {
      short_value(objects, n, 20);
      objects.type_name(n);
      objects.length(n);
    }
    VariableQuery query;
    query.all = true;
    query.depth = 3;
    query.open_all = true;
    list_variables(objects, read_program_state(objects, scanned.roots, {}), query);
    return true;
  } catch (const FormatError& e) {
    EXPECT_NE(std::string_view(e.what()).find("pickle: "), std::string_view::npos);
    return false;
  }
}

void expect_refused(const std::string& text) {
  const Bytes stream(text.begin(), text.end());
  EXPECT_FALSE(scan_and_show(stream)) << text;
}

TEST(HostilePickleTest, refuses_underflow_and_bad_marks) {
  for (const char* text :
       {".",  "0.",  "a.",    "]a.",   "s.",    "}K\1s.", "(.", "1.", "t.",  "R.",      "b.",
        "Q.", "]]b", "\x85.", "\x86.", "\x93.", "\x94.",  "2.", "o.", "(o.", "K\1K\1e."}) {
    expect_refused(text);
  }
}

TEST(HostilePickleTest, refuses_what_does_not_fit_together) {
  expect_refused("K\1K\2a.");  // append to a number
  expect_refused("NK\2b.");    // state for None
  expect_refused("}(K\1u.");   // a key without a value
  expect_refused("h\5.");      // memo entry never made
  expect_refused("g99999999999999999999\n.");
  expect_refused("Np4294967295\n.");  // memo index far beyond the stream
  expect_refused("\x80\x09N.");       // protocol 9
  expect_refused("N");                // no STOP
  expect_refused("NN.");              // two values
  expect_refused(
      std::string("\x95\xff\xff\xff\xff\xff\xff\xff\x7f"
                  "N.",
                  11));
}

TEST(HostilePickleTest, refuses_lengths_beyond_the_stream) {
  expect_refused(
      std::string("X\xff\xff\xff\x7f"
                  "abc.",
                  9));
  expect_refused(
      std::string("\x8e\xff\xff\xff\xff\xff\xff\xff\xff"
                  "abc.",
                  13));
  expect_refused(
      std::string("\x8c\x09"
                  "abc.",
                  6));
}

TEST(HostilePickleTest, refuses_more_buffers_than_there_are) {
  expect_refused(
      "]\x97"
      "a\x97"
      "a\x97"
      "a\x97"
      "a\x97"
      "a.");
}

TEST(HostilePickleTest, stops_at_the_memory_limit) {
  Bytes stream;
  for (int i = 0; i < 6'000'000; ++i) stream.push_back(']');
  EXPECT_THROW(scan_pickle(ByteView(stream), 0, {kSmallMemory}), FormatError);
}

TEST(HostilePickleTest, every_truncation_is_refused) {
  const Bytes whole = pickle_of("[1, 'a', {'k': np.arange(5)}, (1, 2), {3}, 2.5, b'x']");
  ASSERT_TRUE(scan_and_show(whole));
  for (std::size_t n = 1; n < whole.size(); ++n) {
    EXPECT_FALSE(scan_and_show(Bytes(whole.begin(), whole.begin() + static_cast<long>(n)))) << n;
  }
}

TEST(HostilePickleTest, every_changed_byte_is_survived) {
  const Bytes& whole = program_pickle();
  ASSERT_TRUE(scan_and_show(whole));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const std::uint8_t flip : {0x01, 0x80, 0xff}) {
      Bytes changed = whole;
      changed[i] ^= flip;
      scan_and_show(changed);
    }
  }
}

// Deterministic: the same mutations on every machine.
TEST(HostilePickleTest, random_mutations_are_survived) {
  const Bytes& whole = program_pickle();
  std::mt19937 random(20260);
  std::size_t accepted = 0;
  constexpr int kRounds = 4000;
  for (int round = 0; round < kRounds; ++round) {
    Bytes changed = whole;
    const unsigned changes = 1 + random() % 8;
    for (unsigned k = 0; k < changes && changed.size() > 1; ++k) {
      const std::size_t at = random() % changed.size();
      const std::size_t from = random() % changed.size();
      switch (random() % 4) {
        case 0:
          changed[at] = static_cast<std::uint8_t>(random());
          break;
        case 1:
          changed.erase(changed.begin() + static_cast<long>(at));
          break;
        case 2:
          changed.insert(changed.begin() + static_cast<long>(at), changed[from]);
          break;
        default:
          changed.resize(std::max<std::size_t>(at, 1));
          break;
      }
    }
    accepted += scan_and_show(changed) ? 1 : 0;
  }
  EXPECT_GT(accepted, 0U);  // or the mutations tell nothing about what comes after the scanner
  EXPECT_LT(accepted, static_cast<std::size_t>(kRounds));
}

TEST(HostilePickleTest, pure_noise_is_survived) {
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    Bytes noise(random() % 200 + 1);
    for (std::uint8_t& b : noise) b = static_cast<std::uint8_t>(random());
    scan_and_show(noise);
  }
}

}  // namespace
}  // namespace chkpt::inspect
