// SPDX-License-Identifier: BSD-3-Clause
#include "run/job.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

namespace chkpt::run {
namespace {

const char* const kVariables[] = {"SLURM_JOB_ID",         "SLURM_ARRAY_JOB_ID",
                                  "SLURM_ARRAY_TASK_ID",  "SLURM_RESTART_COUNT",
                                  "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"};

class JobTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : kVariables) ::unsetenv(name);
    config_.launch.kind = python::LaunchSpec::Kind::kScript;
    config_.launch.value = "/home/someone/heat.py";
  }
  void TearDown() override { SetUp(); }

  Config config_;
};

TEST_F(JobTest, outside_a_job_the_process_is_named) {
  const Job job = read_job();
  EXPECT_TRUE(job.id.empty());
  EXPECT_NE(job.text().find("pid "), std::string::npos);
}

TEST_F(JobTest, a_requeued_job_keeps_its_id) {
  ::setenv("SLURM_JOB_ID", "42", 1);
  const std::string first = make_run_id(config_, read_job());
  ::setenv("SLURM_RESTART_COUNT", "1", 1);
  const Job again = read_job();
  EXPECT_EQ(make_run_id(config_, again), first);
  EXPECT_EQ(first.compare(0, 7, "job-42-"), 0) << first;
  EXPECT_EQ(again.text(), "job 42 (restart 1)");
}

TEST_F(JobTest, an_array_task_is_named_by_array_and_task) {
  ::setenv("SLURM_JOB_ID", "45", 1);
  ::setenv("SLURM_ARRAY_JOB_ID", "42", 1);
  ::setenv("SLURM_ARRAY_TASK_ID", "3", 1);
  const std::string id = make_run_id(config_, read_job());
  EXPECT_EQ(id.compare(0, 9, "job-42_3-"), 0) << id;
}

TEST_F(JobTest, commands_of_one_job_are_runs_of_their_own) {
  ::setenv("SLURM_JOB_ID", "42", 1);
  const std::string first = make_run_id(config_, read_job());
  config_.launch.args = {"--steps", "5"};
  EXPECT_NE(make_run_id(config_, read_job()), first);
}

TEST_F(JobTest, long_job_ids_fit_the_store) {
  ::setenv("SLURM_ARRAY_JOB_ID", "4294967295", 1);
  ::setenv("SLURM_ARRAY_TASK_ID", "4000000", 1);
  EXPECT_LE(make_run_id(config_, read_job()).size(), 36U);
}

TEST_F(JobTest, run_ids_differ_by_arguments_and_stay_the_same_otherwise) {
  const Job job = read_job();
  const std::string plain = make_run_id(config_, job);
  EXPECT_EQ(plain.compare(0, 5, "heat-"), 0) << plain;
  EXPECT_EQ(make_run_id(config_, job), plain);
  config_.launch.args = {"--steps", "5"};
  EXPECT_NE(make_run_id(config_, job), plain);
  config_.run_id = "mine";
  EXPECT_EQ(make_run_id(config_, job), "mine");
}

TEST_F(JobTest, run_ids_fit_the_store) {
  config_.launch.value = "/tmp/" + std::string(200, 'x') + " and spaces/\xc3\xa4.py";
  const std::string id = make_run_id(config_, read_job());
  EXPECT_LE(id.size(), 36u);
  EXPECT_EQ(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-"), std::string::npos);
}

}  // namespace
}  // namespace chkpt::run
