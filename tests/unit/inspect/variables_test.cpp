// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/variables.hpp"

#include "inspect/python_pickle.hpp"
#include "inspect/stored_size.hpp"

namespace chkpt::inspect {
namespace {

const BufferFacts kField{80000, "d", {100, 100}};

class VariablesTest : public ::testing::Test {
 protected:
  VariablesTest()
      : scan_(program_pickle(), {kField}),
        state_(read_program_state(scan_.objects, scan_.scanned.roots, {})) {}

  VariableList list(const std::string& glob = "", int depth = 1) const {
    VariableQuery query;
    query.glob = glob;
    query.depth = depth;
    return list_variables(scan_.objects, state_, query);
  }
  static const Variable* find(const VariableList& list, const std::string& name) {
    for (const Variable& v : list.variables) {
      if (v.name == name) return &v;
    }
    return nullptr;
  }

  Scan scan_;
  ProgramState state_;
};

TEST_F(VariablesTest, names_are_those_python_would_use) {
  const VariableList all = list();
  for (const char* name :
       {"__main__.state", "__main__.state['x']", "__main__.index", "heat.py:main.<locals>.solver",
        "heat.py:main.<locals>.solver.u", "heat.py:main.<locals>.n",
        "heat.py:main.<locals>.counter", "heat.py:Solver.step.<locals>.self",
        "heat.py:Solver.step.<locals>.left.x"}) {
    EXPECT_NE(find(all, name), nullptr) << name;
  }
  EXPECT_EQ(all.hidden, 4U);  // __name__, np, Solver, environ
}

TEST_F(VariablesTest, aliases_are_marked_once) {
  const VariableList all = list();
  ASSERT_NE(find(all, "heat.py:Solver.step.<locals>.self"), nullptr);
  EXPECT_EQ(find(all, "heat.py:Solver.step.<locals>.self")->alias_of,
            "heat.py:main.<locals>.solver");
  EXPECT_EQ(find(all, "heat.py:main.<locals>.history")->alias_of, "__main__.state['log']");
  EXPECT_EQ(find(all, "heat.py:Solver.step.<locals>.self.u"), nullptr);
}

TEST_F(VariablesTest, shared_memory_is_marked) {
  const VariableList all = list();
  const Variable* u = find(all, "heat.py:main.<locals>.solver.u");
  ASSERT_NE(u, nullptr);
  EXPECT_EQ(u->view_of, "__main__.top");  // the first name met for this memory
}

TEST_F(VariablesTest, sizes_count_buffers_but_not_classes) {
  const VariableList all = list();
  const Variable* u = find(all, "heat.py:main.<locals>.solver.u");
  const Variable* solver = find(all, "heat.py:main.<locals>.solver");
  ASSERT_NE(u, nullptr);
  ASSERT_NE(solver, nullptr);
  EXPECT_GE(u->bytes, 80000U);
  EXPECT_GT(solver->bytes, u->bytes);
  EXPECT_LT(solver->bytes, u->bytes + 300);
  EXPECT_EQ(u->dtype, "float64");
  EXPECT_EQ(u->shape, (std::vector<std::uint64_t>{100, 100}));
}

TEST_F(VariablesTest, a_glob_reaches_into_values) {
  const VariableList found = list("*.u");
  ASSERT_EQ(found.variables.size(), 1U);
  EXPECT_EQ(found.variables[0].name, "heat.py:main.<locals>.solver.u");
  EXPECT_EQ(list("__main__.state['log'][1]").variables.size(), 1U);
  EXPECT_EQ(list("nothing*").variables.size(), 0U);
}

TEST_F(VariablesTest, a_size_walk_out_of_budget_says_so) {
  SizeMeter meter(scan_.objects, 10);
  const StoredSize size = meter.measure(scan_.scanned.roots.at(2));
  EXPECT_FALSE(size.complete);
}

TEST(GlobTest, only_star_and_question_mark_are_special) {
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("a*c", "abbc"));
  EXPECT_TRUE(glob_matches("a?c", "abc"));
  EXPECT_TRUE(glob_matches("*.<locals>.u", "heat.py:main.<locals>.u"));
  EXPECT_TRUE(glob_matches("state['x']", "state['x']"));
  EXPECT_TRUE(glob_matches("*a*b*", "xxaxxbxx"));
  EXPECT_FALSE(glob_matches("[abc]", "a"));
  EXPECT_FALSE(glob_matches("a", "ab"));
  EXPECT_FALSE(glob_matches("a?", "a"));
  EXPECT_FALSE(glob_matches("*a*b*", "xxbxxa"));
}

}  // namespace
}  // namespace chkpt::inspect
