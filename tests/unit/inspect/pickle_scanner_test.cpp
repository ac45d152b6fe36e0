// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/pickle_scanner.hpp"

#include "inspect/python_pickle.hpp"

namespace chkpt::inspect {
namespace {

constexpr char kOneOfEach[] =
    "[1, 2.5, 'text', {'k': (1, 2, 3)}, {1, 2}, frozenset([3]), 10**40, -5, b'bytes', "
    "bytearray(5), None, True, range(3), complex(1, 2), 300, 70000]";

class EveryProtocol : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Protocols, EveryProtocol, ::testing::Range(0, 6));

TEST_P(EveryProtocol, finds_all_items_of_a_list) {
  const Scan scan(pickle_of(kOneOfEach, GetParam()));
  ASSERT_EQ(scan.scanned.roots.size(), 1U);
  EXPECT_EQ(scan.graph().kind(scan.root()), Kind::kList);
  EXPECT_EQ(scan.graph().count(scan.root(), Role::kItems), 16U);
}

TEST_P(EveryProtocol, reads_scalars_exactly) {
  const Scan scan(pickle_of(kOneOfEach, GetParam()));
  const Graph& graph = scan.graph();
  const std::vector<NodeId> items = graph.children(scan.root(), Role::kItems);
  EXPECT_EQ(graph.integer(items[0]), 1);
  EXPECT_EQ(graph.real(items[1]), 2.5);
  EXPECT_EQ(graph.text(items[2]), "text");
  EXPECT_EQ(graph.integer(items[7]), -5);
  EXPECT_EQ(graph.kind(items[10]), Kind::kNone);
  EXPECT_EQ(graph.kind(items[11]), Kind::kBool);
  EXPECT_TRUE(graph.truth(items[11]));
  EXPECT_EQ(graph.integer(items[14]), 300);
  EXPECT_EQ(graph.integer(items[15]), 70000);
}

TEST_P(EveryProtocol, keeps_cycles_and_aliases) {
  const Scan scan(pickle_of("x", GetParam(), "x = []; x.append(x); y = {}; x += [y, y]"));
  const Graph& graph = scan.graph();
  EXPECT_EQ(graph.child(scan.root(), Role::kItems, 0), scan.root());
  EXPECT_EQ(graph.child(scan.root(), Role::kItems, 1), graph.child(scan.root(), Role::kItems, 2));
}

TEST_P(EveryProtocol, follows_recursive_tuples) {
  const Scan scan(pickle_of("t", GetParam(), "l = []; t = (l, 1, 2, 3); l.append(t)"));
  const Graph& graph = scan.graph();
  ASSERT_EQ(graph.kind(scan.root()), Kind::kTuple);
  EXPECT_EQ(graph.count(scan.root(), Role::kItems), 4U);
  const NodeId list = graph.child(scan.root(), Role::kItems, 0);
  EXPECT_EQ(graph.child(list, Role::kItems, 0), scan.root());
}

TEST(PickleScannerTest, counts_a_hundred_thousand_elements) {
  const Scan scan(pickle_of("list(map(float, range(100000)))"));
  EXPECT_EQ(scan.graph().count(scan.root(), Role::kItems), 100000U);
  EXPECT_EQ(scan.graph().real(scan.graph().child(scan.root(), Role::kItems, 99999)), 99999.0);
  const Scan dict(pickle_of("{i: str(i) for i in range(100000)}"));
  EXPECT_EQ(dict.objects.length(dict.root()), 100000U);
}

TEST(PickleScannerTest, small_values_are_shared_nodes) {
  const Scan scan(pickle_of("[7, None, True] * 50000"));
  EXPECT_EQ(scan.graph().count(scan.root(), Role::kItems), 150000U);
  EXPECT_LT(scan.graph().size(), 10U);
}

TEST(PickleScannerTest, survives_deep_nesting) {
  Bytes stream(300000, ']');                 // 300000 empty lists ...
  stream.insert(stream.end(), 299999, 'a');  // ... each put into the one before
  stream.push_back('.');
  const ScannedPickle scanned = scan_pickle(ByteView(stream), 0);
  EXPECT_EQ(scanned.graph.size(), 300000U);
  ASSERT_EQ(scanned.roots.size(), 1U);
  EXPECT_EQ(scanned.graph.count(scanned.roots[0], Role::kItems), 1U);
}

TEST(PickleScannerTest, labels_calls_and_state) {
  const Scan scan(
      pickle_of("Thing()", 5, "class Thing:\n  def __init__(self): self.a = 1; self.b = 'two'"));
  const Graph& graph = scan.graph();
  ASSERT_EQ(graph.kind(scan.root()), Kind::kCall);
  EXPECT_EQ(scan.objects.callable(scan.root()), "__main__.Thing");
  const NodeId state = graph.child(scan.root(), Role::kState, 0);
  ASSERT_NE(state, kNoNode);
  EXPECT_EQ(graph.kind(state), Kind::kDict);
  EXPECT_EQ(graph.count(state, Role::kPairs), 4U);
}

TEST(PickleScannerTest, keeps_what_a_state_setter_is_given) {
  const Scan scan(
      pickle_of("Thing()", 5,
                "def fill(obj, state): pass\n"
                "class Thing:\n"
                "  def __reduce__(self): return (Thing, (), {'a': 5}, None, None, fill)"));
  const NodeId effect = scan.graph().child(scan.root(), Role::kEffect, 0);
  ASSERT_NE(effect, kNoNode);
  EXPECT_EQ(scan.objects.callable(effect), "__main__.fill");
  EXPECT_EQ(scan.graph().kind(scan.objects.argument(effect, 1)), Kind::kDict);
}

// Its arguments lead to a list that leads back to it: met there first, it is dropped here.
TEST(PickleScannerTest, what_was_finished_meanwhile_has_no_effect) {
  const Scan scan(pickle_of("[shared, knot]", 5,
                            "shared, inside = [1], []\nclass Knot:\n"
                            "  def __reduce__(self): return Knot, (shared, inside)\n"
                            "knot = Knot(); inside.append(knot)"));
  const NodeId first = scan.graph().child(scan.root(), Role::kItems, 0);
  EXPECT_EQ(scan.graph().kind(first), Kind::kList);
  EXPECT_EQ(scan.graph().count(first, Role::kEffect), 0U);
  const NodeId second = scan.graph().child(scan.root(), Role::kItems, 1);
  EXPECT_EQ(scan.objects.callable(second), "__main__.Knot");
}

TEST(PickleScannerTest, numbers_out_of_band_buffers) {
  const BufferFacts buffer{800, "d", {100}};
  const Scan scan(pickle_of("[np.zeros(100), np.ones(100)]"), {buffer, buffer});
  const NodeId second = scan.graph().child(scan.root(), Role::kItems, 1);
  EXPECT_EQ(scan.graph().number(scan.objects.argument(second, 0)), 1U);
}

TEST(PickleScannerTest, several_pickles_share_one_memo) {
  // ]  -> memo 0, stop; then the second pickle is memo 0 again.
  const Bytes stream{0x80, 5, ']', 0x94, '.', 0x80, 5, 'h', 0, '.'};
  const ScannedPickle scanned = scan_pickle(ByteView(stream), 0);
  ASSERT_EQ(scanned.roots.size(), 2U);
  EXPECT_EQ(scanned.roots[0], scanned.roots[1]);
}

TEST(PickleScannerTest, long_integers_are_shown_in_hex) {
  const Scan scan(pickle_of("[2**100, -(2**100), 2**63 - 1, -(2**63), 0xff << 64]"));
  const std::vector<NodeId> items = scan.graph().children(scan.root(), Role::kItems);
  EXPECT_EQ(scan.graph().integer_text(items[0]), "0x10000000000000000000000000");
  EXPECT_EQ(scan.graph().integer_text(items[1]), "-0x10000000000000000000000000");
  EXPECT_EQ(scan.graph().integer_text(items[2]), "9223372036854775807");
  EXPECT_EQ(scan.graph().integer_text(items[3]), "-9223372036854775808");
  EXPECT_EQ(scan.graph().integer_text(items[4]), "0xff0000000000000000");
}

}  // namespace
}  // namespace chkpt::inspect
