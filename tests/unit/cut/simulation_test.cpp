// SPDX-License-Identifier: BSD-3-Clause
// Many ranks simulated without MPI (simulated_job.hpp): every cut must hold, every request must
// end, and no process may have much to do for others.
#include <gtest/gtest.h>

#include <algorithm>

#include "unit/cut/simulated_job.hpp"

namespace chkpt::cut {
namespace {

struct Shape {
  int ranks, fan_out, ranks_per_node;
};
constexpr int kOneNode = 1 << 30;

class SimulationTest : public ::testing::TestWithParam<std::tuple<Shape, bool, bool>> {};

TEST_P(SimulationTest, every_cut_holds_and_every_request_ends) {
  JobOptions options;
  const Shape shape = std::get<0>(GetParam());
  options.ranks = shape.ranks;
  options.fan_out = shape.fan_out;
  options.ranks_per_node = shape.ranks_per_node;
  options.restartable = std::get<1>(GetParam());
  options.write_behind = std::get<2>(GetParam());
  int cuts = 0;
  for (options.seed = 1; options.seed <= 40; ++options.seed) {
    SCOPED_TRACE("seed " + std::to_string(options.seed));
    SimulatedJob job(options);
    ASSERT_TRUE(job.run()) << "stuck";
    ASSERT_TRUE(job.errors().empty()) << job.errors().front();
    cuts += job.cuts();
  }
  EXPECT_GT(cuts, 40);
}

INSTANTIATE_TEST_SUITE_P(
    Ranks, SimulationTest,
    ::testing::Combine(::testing::Values(Shape{1, kFanOut, kOneNode}, Shape{2, kFanOut, kOneNode},
                                         Shape{3, 1, kOneNode}, Shape{5, 2, kOneNode},
                                         Shape{8, kFanOut, kOneNode}, Shape{8, 2, 3},
                                         Shape{13, 2, 4}),
                       ::testing::Bool(), ::testing::Bool()));

TEST(SpreadTest, no_process_handles_more_the_larger_the_job_is) {
  JobOptions options;
  options.fan_out = 4;
  options.ranks_per_node = 10;
  options.steps_per_rank = 20;
  for (options.ranks = 40; options.ranks <= 640; options.ranks *= 4) {
    SimulatedJob job(options);
    constexpr int kCuts = 2;
    ASSERT_TRUE(job.run(kCuts));
    ASSERT_TRUE(job.errors().empty()) << job.errors().front();
    ASSERT_EQ(job.cuts(), kCuts);
    Load most;
    for (const Load& load : job.loads()) {
      most.connections = std::max(most.connections, load.connections);
      most.messages = std::max(most.messages, load.messages);
    }
    EXPECT_LE(most.connections, 2U * 4 + 1);
    EXPECT_LE(most.messages, 600U) << options.ranks << " ranks";
  }
}

}  // namespace
}  // namespace chkpt::cut
