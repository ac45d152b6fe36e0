// SPDX-License-Identifier: BSD-3-Clause
// Values must read as Python's own repr() where they have one.
#include "inspect/python_values.hpp"

#include "inspect/python_pickle.hpp"

namespace chkpt::inspect {
namespace {

std::string shown(const std::string& expression, std::size_t width = 60) {
  const Scan scan(pickle_of(expression));
  return short_value(scan.objects, scan.root(), width);
}

TEST(PythonValuesTest, agrees_with_repr) {
  const Scan scan(pickle_of(
      "[(v, repr(v)) for v in (None, True, 0, -17, 10**15, 0.1, -0.0, 1e22, 1e-7, 1.5e300, 100.0,"
      " float('inf'), 'text', 'a\\n\\tb', b'ab\\x00', (), (1,), (1, 'a'), [], [1, [2, 3]], {},"
      " {'a': 1, 2: (3,)}, set(), {5}, bytearray(b'x'), complex(1.5, -2), range(3, 9, 2),"
      " [None, True, {'k': [1.5]}])]"));
  const Graph& graph = scan.graph();
  ASSERT_EQ(graph.count(scan.root(), Role::kItems), 28U);
  for (const NodeId pair : graph.children(scan.root(), Role::kItems)) {
    EXPECT_EQ(short_value(scan.objects, graph.child(pair, Role::kItems, 0), 60),
              graph.text(graph.child(pair, Role::kItems, 1)));
  }
}

TEST(PythonValuesTest, cuts_long_values) {
  EXPECT_EQ(shown("'x' * 100", 10), "'xxxxxxxxxx...'");
  EXPECT_EQ(shown("list(range(1000))"), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ...]");
  EXPECT_EQ(shown("[[[[1]]]]"), "[[[[...]]]]");
  EXPECT_LT(shown("{i: 'abc' * 20 for i in range(100)}").size(), 200U);
}

TEST(PythonValuesTest, cycles_end) {
  const Scan scan(pickle_of("x", 5, "x = [1]; x.append(x)"));
  EXPECT_EQ(short_value(scan.objects, scan.root(), 60), "[1, [1, [1, [...]]]]");
}

TEST(PythonValuesTest, names_what_it_cannot_decode) {
  EXPECT_EQ(shown("print"), "builtins.print");
  const Scan scan(pickle_of("T()", 5, "class T:\n  def __init__(self): self.a = 1"));
  EXPECT_EQ(short_value(scan.objects, scan.root(), 60), "<T a=1>");
}

TEST(PythonValuesTest, control_characters_are_escaped) {
  EXPECT_EQ(shown("'\\x1b[31mred\\x07'"), "'\\x1b[31mred\\x07'");
}

TEST(PythonValuesTest, describes_arrays_however_they_were_pickled) {
  const std::vector<std::string> expected{"float64 (3, 4)",  "int32 (5,)",     "float64 (2, 2)",
                                          "float64 (2, 2)",  "float64 ()",     ">f8 (3,)",
                                          "complex128 (1,)", "<U3 (1,)",       "bool (1,)",
                                          "object (2,)",     "datetime64 (2,)"};
  for (const int protocol : {2, 4, 5}) {
    const Scan scan(
        pickle_of("[np.zeros((3, 4)), np.arange(5, dtype=np.int32), np.zeros((2, 2), order='F'),"
                  " np.zeros((4, 4))[::2, ::2], np.array(1.0), np.zeros(3, dtype='>f8'),"
                  " np.array([1 + 2j]), np.array(['abc']), np.array([True]),"
                  " np.array([None, 1], dtype=object), np.zeros(2, dtype='M8[s]')]",
                  protocol),
        std::vector<BufferFacts>(protocol == 5 ? expected.size() : 0));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const NodeId array = scan.graph().child(scan.root(), Role::kItems, i);
      EXPECT_EQ(short_value(scan.objects, array, 60), expected[i]) << "protocol " << protocol;
    }
  }
}

TEST(PythonValuesTest, lengths) {
  const Scan scan(pickle_of(
      "[[1] * 3, {1: 2}, '\u00e4b', b'abc', {1, 2}, (1, 2), __import__('collections').deque([1]),"
      " __import__('collections').OrderedDict(a=1)]"));
  const std::vector<std::uint64_t> expected{3, 1, 2, 3, 2, 2, 1, 1};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(scan.objects.length(scan.graph().child(scan.root(), Role::kItems, i)), expected[i])
        << i;
  }
}

TEST(PythonValuesTest, parts_have_the_names_python_would_use) {
  const Scan scan(pickle_of("{'a': 1, 2: [3], (1, 2): 4}"));
  std::size_t total = 0;
  const std::vector<Part> parts = parts_of(scan.objects, scan.root(), 2, &total);
  EXPECT_EQ(total, 3U);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].suffix, "['a']");
  EXPECT_EQ(parts[1].suffix, "[2]");
}

}  // namespace
}  // namespace chkpt::inspect
