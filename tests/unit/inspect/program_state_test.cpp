// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/program_state.hpp"

#include "inspect/python_pickle.hpp"
#include "inspect/python_values.hpp"

namespace chkpt::inspect {
namespace {

const BufferFacts kField{80000, "d", {100, 100}};

class ProgramStateTest : public ::testing::Test {
 protected:
  ProgramStateTest()
      : scan_(program_pickle(), {kField}),
        state_(read_program_state(scan_.objects, scan_.scanned.roots,
                                  {{"/home/user/heat.py", 90, "<module>"},
                                   {"/home/user/heat.py", 41, "main"},
                                   {"/home/user/heat.py", 17, "step"}})) {}

  NodeId local(std::size_t frame, const std::string& name) const {
    for (const NamedValue& v : state_.frames.at(frame).locals) {
      if (v.name == name) return v.value;
    }
    return kNoNode;
  }
  NodeId module_variable(const std::string& name) const {
    for (const NamedValue& v : state_.modules.at(0).variables) {
      if (v.name == name) return v.value;
    }
    return kNoNode;
  }
  std::string shown(const std::string& name) const {
    return short_value(scan_.objects, module_variable(name), 60);
  }

  Scan scan_;
  ProgramState state_;
};

TEST_F(ProgramStateTest, finds_frames_outermost_first) {
  ASSERT_EQ(state_.frames.size(), 3U);
  EXPECT_EQ(state_.frames[0].label(), "heat.py:<module>");
  EXPECT_TRUE(state_.frames[0].is_module);
  EXPECT_EQ(state_.frames[1].label(), "heat.py:main");
  EXPECT_EQ(state_.frames[2].label(), "heat.py:Solver.step");
  EXPECT_EQ(state_.frames[2].line, 17);
}

TEST_F(ProgramStateTest, ignores_lines_of_another_stack) {
  const ProgramState other = read_program_state(scan_.objects, scan_.scanned.roots,
                                                {{"/home/user/heat.py", 90, "<module>"}});
  EXPECT_EQ(other.frames[1].line, 0);
}

TEST_F(ProgramStateTest, names_locals_and_leaves_out_unbound_ones) {
  ASSERT_EQ(state_.frames[1].locals.size(), 4U);
  EXPECT_EQ(scan_.graph().integer(local(1, "n")), 7);
  EXPECT_EQ(local(1, "unset"), kNoNode);
}

TEST_F(ProgramStateTest, looks_through_closure_cells) {
  EXPECT_EQ(scan_.graph().integer(local(1, "counter")), 42);
}

TEST_F(ProgramStateTest, the_same_object_is_the_same_node) {
  EXPECT_EQ(local(1, "solver"), local(2, "self"));
  EXPECT_NE(local(1, "solver"), kNoNode);
}

TEST_F(ProgramStateTest, knows_instances_and_their_attributes) {
  const NodeId solver = local(1, "solver");
  EXPECT_EQ(scan_.objects.type_name(solver), "Solver");
  const std::vector<Attribute> attributes = scan_.objects.attributes(solver, 10);
  ASSERT_EQ(attributes.size(), 3U);
  EXPECT_EQ(attributes[0].name, "u");
  const auto array = scan_.objects.array(attributes[0].value);
  ASSERT_TRUE(array);
  EXPECT_EQ(array->dtype, "float64");
  EXPECT_EQ(shape_text(array->shape), "(100, 100)");
}

TEST_F(ProgramStateTest, knows_slots_by_the_class) {
  const NodeId left = local(2, "left");
  EXPECT_EQ(scan_.objects.type_name(left), "Point");
  const std::vector<Attribute> attributes = scan_.objects.attributes(left, 10);
  ASSERT_EQ(attributes.size(), 2U);
  EXPECT_EQ(attributes[1].name, "y");
  EXPECT_EQ(scan_.graph().integer(attributes[1].value), 2);
}

TEST_F(ProgramStateTest, lists_modules_saved_by_value) {
  ASSERT_EQ(state_.modules.size(), 1U);
  EXPECT_EQ(state_.modules[0].name, "__main__");
  EXPECT_EQ(state_.modules[0].variables.size(), 13U);
}

TEST_F(ProgramStateTest, resolves_deferred_containers) {
  const NodeId tags = module_variable("tags");
  const NodeId index = module_variable("index");
  EXPECT_EQ(scan_.objects.type_name(tags), "set");
  EXPECT_EQ(scan_.objects.type_name(index), "dict");
  EXPECT_EQ(scan_.objects.length(tags), 2U);  // the third was removed
  EXPECT_EQ(short_value(scan_.objects, tags, 60), "{'red', 'green'}");
  EXPECT_EQ(scan_.objects.length(index), 2U);
  EXPECT_EQ(short_value(scan_.objects, index, 60), "{('a', 1): 'first', ('b', 2): 'second'}");
}

TEST_F(ProgramStateTest, knows_subclasses_of_containers) {
  EXPECT_EQ(scan_.objects.type_name(module_variable("stack")), "Stack");
  EXPECT_EQ(scan_.objects.length(module_variable("stack")), 3U);
  EXPECT_EQ(scan_.objects.attributes(module_variable("stack"), 5).at(0).name, "limit");
  EXPECT_EQ(scan_.objects.type_name(module_variable("cache")), "Cache");
  EXPECT_EQ(scan_.objects.pairs(module_variable("cache"), 5).size(), 2U);
}

TEST_F(ProgramStateTest, knows_arrays_views_files_and_exceptions) {
  EXPECT_EQ(shown("turned"), "float64 (4, 2, 3)");
  EXPECT_EQ(shown("top"), "float64 (50, 100)");
  const auto top = scan_.objects.array(module_variable("top"));
  ASSERT_TRUE(top);
  EXPECT_TRUE(scan_.objects.array(top->base));
  EXPECT_EQ(shown("failure"), "ValueError('bad', 3)");
  EXPECT_EQ(shown("log"), "<TextIOWrapper '/tmp/run.log'>");
}

TEST_F(ProgramStateTest, a_stream_without_a_body_has_no_state) {
  const Scan scan(pickle_of("[1, 2]"));
  const ProgramState state = read_program_state(scan.objects, scan.scanned.roots, {});
  EXPECT_TRUE(state.frames.empty());
  EXPECT_TRUE(state.modules.empty());
}

}  // namespace
}  // namespace chkpt::inspect
