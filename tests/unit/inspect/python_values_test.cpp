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

std::string python_repr(const std::string& expression) {
  const Bytes out = output_of(std::string(CHKPT_TEST_PYTHON) +
                              " -c \"import sys\nsys.stdout.write(repr(" + expression + "))\"");
  return {out.begin(), out.end()};
}

TEST(PythonValuesTest, agrees_with_repr) {
  for (const char* expression : {"None",
                                 "True",
                                 "0",
                                 "-17",
                                 "10**15",
                                 "0.1",
                                 "-0.0",
                                 "1e22",
                                 "1e-7",
                                 "1.5e300",
                                 "100.0",
                                 "float('inf')",
                                 "'text'",
                                 "'a\\n\\tb'",
                                 "b'ab\\x00'",
                                 "()",
                                 "(1,)",
                                 "(1, 'a')",
                                 "[]",
                                 "[1, [2, 3]]",
                                 "{}",
                                 "{'a': 1, 2: (3,)}",
                                 "set()",
                                 "{5}",
                                 "bytearray(b'x')",
                                 "complex(1.5, -2)",
                                 "range(3, 9, 2)",
                                 "[None, True, {'k': [1.5]}]"}) {
    EXPECT_EQ(shown(expression), python_repr(expression)) << expression;
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

struct ArrayCase {
  const char* expression;
  const char* shown;
};

TEST(PythonValuesTest, describes_arrays_however_they_were_pickled) {
  for (const ArrayCase& c :
       std::vector<ArrayCase>{{"np.zeros((3, 4))", "float64 (3, 4)"},
                              {"np.arange(5, dtype=np.int32)", "int32 (5,)"},
                              {"np.zeros((2, 2), order='F')", "float64 (2, 2)"},
                              {"np.zeros((4, 4))[::2, ::2]", "float64 (2, 2)"},
                              {"np.array(1.0)", "float64 ()"},
                              {"np.zeros(3, dtype='>f8')", ">f8 (3,)"},
                              {"np.array([1 + 2j])", "complex128 (1,)"},
                              {"np.array(['abc'])", "<U3 (1,)"},
                              {"np.array([True])", "bool (1,)"},
                              {"np.array([None, 1], dtype=object)", "object (2,)"},
                              {"np.zeros(2, dtype='M8[s]')", "datetime64 (2,)"}}) {
    for (const int protocol : {2, 4, 5}) {
      const Bytes stream = pickle_of(c.expression, protocol);
      const Scan scan(stream, std::vector<BufferFacts>(protocol == 5 ? 1 : 0));
      EXPECT_EQ(short_value(scan.objects, scan.root(), 60), c.shown)
          << c.expression << " in protocol " << protocol;
    }
  }
}

TEST(PythonValuesTest, lengths) {
  struct Case {
    const char* expression;
    std::uint64_t length;
  };
  for (const Case& c : std::vector<Case>{{"[1] * 3", 3},
                                         {"{1: 2}", 1},
                                         {"'\u00e4b'", 2},
                                         {"b'abc'", 3},
                                         {"{1, 2}", 2},
                                         {"(1, 2)", 2},
                                         {"__import__('collections').deque([1, 2])", 2},
                                         {"__import__('collections').OrderedDict(a=1)", 1}}) {
    const Scan scan(pickle_of(c.expression));
    EXPECT_EQ(scan.objects.length(scan.root()), c.length) << c.expression;
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
