// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/compare.hpp"

#include "inspect/python_pickle.hpp"

namespace chkpt::inspect {
namespace {

// A stream of four pickles whose body holds one variable, __main__.x. `before` defines names.
Bytes state_with(const std::string& expression, const std::string& before = "") {
  return output_of(
      std::string(CHKPT_TEST_PYTHON) + " -c \"import io, pickle, sys, datetime\n" + before +
      "\np = pickle.Pickler(sys.stdout.buffer, 5)\n"
      "body = {'frames': None, 'modules': [('__main__', [('x', " +
      expression + ")])]}\nfor part in ([], {'imports': [sys.argv]}, [], body): p.dump(part)\"");
}

std::vector<std::string> differences(const Bytes& before, const Bytes& after) {
  std::vector<std::string> lines;
  for (const Difference& found : compare_states({before, {}}, {after, {}}, "{}"))
    lines.push_back(found.path + " " + found.text);
  return lines;
}
using Lines = std::vector<std::string>;

Lines compared(const std::string& a, const std::string& b, const std::string& before = "") {
  return differences(state_with(a, before), state_with(b, before));
}

TEST(CompareTest, a_state_is_the_same_as_itself) {
  EXPECT_EQ(compared("[1, 2.5, 'a', None, {'k': (1, b'x')}, 1 << 80]",
                     "[1, 2.5, 'a', None, {'k': (1, b'x')}, 1 << 80]"),
            Lines());
  const Bytes field(80000);
  const SavedState program{program_pickle(), {field}};
  EXPECT_TRUE(compare_states(program, program, "{}").empty());
}

TEST(CompareTest, names_values_by_their_path) {
  EXPECT_EQ(compared("{'k': [1, 2]}", "{'k': [1, 3]}"), Lines{"__main__.x['k'][1] was 2, is 3"});
  EXPECT_EQ(compared("'then'", "'now'"), Lines{"__main__.x was 'then', is 'now'"});
  EXPECT_EQ(compared("1 << 80", "1 << 81").size(), 1U);
  EXPECT_EQ(compared("[0.0]", "[-0.0]").size(), 1U);
  EXPECT_EQ(compared("[1]", "[1.0]").size(), 1U);
  EXPECT_EQ(compared("[1]", "[True]").size(), 1U);
}

TEST(CompareTest, sees_what_is_missing) {
  EXPECT_EQ(compared("[1, 2]", "[1]"), Lines{"__main__.x had 2 entries, has 1"});
  EXPECT_EQ(compared("{1: 2}", "{}"), Lines{"__main__.x had 1 entries, has 0"});
  EXPECT_EQ(compared("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}").size(), 4U) << "order counts";
}

TEST(CompareTest, one_object_stays_one) {
  const std::string shared = "a = []";
  EXPECT_EQ(compared("[a, a]", "[[], []]", shared),
            Lines{"__main__.x[1] was one object, is several"});
  EXPECT_EQ(compared("[[], []]", "[a, a]", shared),
            Lines{"__main__.x[1] was an object of its own"});
  EXPECT_EQ(compared("[s, s]", "[s, s[:3] + s[3:]]", "s = 'a long text'"), Lines())
      << "strings have no identity that counts";
  EXPECT_EQ(compared("[s, s, 2j]", "[s, slice(1, 2), 2j]", "s = slice(1, 2)"), Lines());
  EXPECT_EQ(compared("[s, s]", "[s, slice(1, 3)]", "s = slice(1, 2)").size(), 1U);
  const std::string cycle = "a = []\na.append(a)";
  EXPECT_EQ(compared("a", "a", cycle), Lines());
}

TEST(CompareTest, looks_into_calls) {
  EXPECT_EQ(compared("datetime.timedelta(3)", "datetime.timedelta(4)").size(), 1U);
  EXPECT_EQ(compared("datetime.timedelta(3)", "datetime.timedelta(3)"), Lines());
}

// A kept hash stands in front of the call that makes its object.
TEST(CompareTest, an_object_has_the_hash_it_had) {
  const std::string calls =
      "class Label:\n"
      "    def __init__(self, *label): self.label = label\n"
      "    def __call__(self): pass\n"
      "class Made:\n"
      "    def __init__(self, *call): self.call = call\n"
      "    def __reduce__(self): return self.call[0], self.call[1:]\n"
      "class Labels(pickle.Pickler):\n"
      "    def persistent_id(self, o): return o.label if isinstance(o, Label) else None\n"
      "pickle.Pickler = Labels\n"
      "hashed, make, library = [Label('R', n) for n in ('hashed', 'object', 'library.object')]";
  const auto made = [](const std::string& call) { return "Made(" + call + ")"; };
  const std::string bare = made("make, 5"), one = made("hashed, b'1', make, 5"),
                    two = made("hashed, b'2', make, 5");
  EXPECT_EQ(compared(one, one, calls), Lines());
  EXPECT_EQ(compared(bare, one, calls), Lines()) << "what lay there before was asked";
  EXPECT_EQ(compared(one, two, calls), Lines{"__main__.x had another hash"});
  EXPECT_EQ(compared(one, bare, calls), Lines{"__main__.x had another hash"});
  EXPECT_EQ(compared(one, made("hashed, b'1', make, 6"), calls).size(), 1U);
  EXPECT_EQ(compared(made("hashed, b'1', library, 5"), made("library, 5"), calls), Lines());
  const std::string named = "Label('h', ('s', 'os', 'name'), b'1')";
  EXPECT_EQ(compared(named, "Label('s', 'os', 'name')", calls), Lines());
  EXPECT_EQ(compared(named, "Label('s', 'os', 'path')", calls).size(), 1U);
}

TEST(CompareTest, a_library_fills_its_own_state_in_any_order) {
  const std::string instance = "class K: pass\nk = K()\n";
  EXPECT_EQ(differences(state_with("k", instance + "k.a, k.b = 1, 2"),
                        state_with("k", instance + "k.b, k.a = 2, 1")),
            Lines());
  EXPECT_EQ(differences(state_with("k", instance + "k.a, k.b = 1, 2"),
                        state_with("k", instance + "k.b, k.a = 3, 1")),
            Lines{"__main__.x was 2, is 3"});
  EXPECT_EQ(differences(state_with("k", instance + "k.a, k.b = 1, 2"),
                        state_with("k", instance + "k.b, k.c = 2, 1"))
                .size(),
            4U);
  EXPECT_EQ(compared("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}").size(), 4U)
      << "a dict of the script has an order";
}

TEST(CompareTest, sets_that_hash_by_address_have_no_order) {
  const std::string plain =
      "class K:\n  def __init__(self, v): self.v = v\n"
      "a, b = K(1), K(2)\n";
  const std::string forth = "s = set()\ns.add(a)\n", back = "s = set()\ns.add(b)\n";
  EXPECT_EQ(
      differences(state_with("[a, b, s]", plain + forth), state_with("[a, b, s]", plain + forth)),
      Lines());
  EXPECT_EQ(
      differences(state_with("[a, b, s]", plain + forth), state_with("[a, b, s]", plain + back)),
      Lines{"__main__.x[2] was one object, is several"});
  EXPECT_EQ(compared("{1, 2}", "{1, 3}").size(), 1U);
}

TEST(CompareTest, compares_buffers) {
  const Bytes stream = output_of(std::string(CHKPT_TEST_PYTHON) +
                                 " -c \"import pickle, sys\np = pickle.Pickler(sys.stdout.buffer, "
                                 "5, buffer_callback=lambda b: None)\nfor part in ([], {}, [], "
                                 "[pickle.PickleBuffer(b'abc')]): p.dump(part)\"");
  const Bytes abc{'a', 'b', 'c'}, abd{'a', 'b', 'd'};
  EXPECT_TRUE(compare_states({stream, {abc}}, {stream, {abc}}, "{}").empty());
  EXPECT_EQ(compare_states({stream, {abc}}, {stream, {abd}}, "{}").size(), 1U);
}

}  // namespace
}  // namespace chkpt::inspect
