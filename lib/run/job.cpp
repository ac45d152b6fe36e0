// SPDX-License-Identifier: BSD-3-Clause
#include "run/job.hpp"

#include <cstdlib>

#include <unistd.h>

#include <boost/filesystem/path.hpp>

#include "base/hash.hpp"

namespace chkpt::run {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string only_safe_characters(const std::string& text, std::size_t limit) {
  std::string out;
  for (const char c : text.substr(0, limit)) {
    const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-';
    out += safe ? c : '_';
  }
  return out;
}

std::string readable_name(const python::LaunchSpec& launch) {
  switch (launch.kind) {
    case python::LaunchSpec::Kind::kScript:
    case python::LaunchSpec::Kind::kPath:
      return boost::filesystem::path(launch.value).stem().string();
    case python::LaunchSpec::Kind::kModule:
      return launch.value;
    case python::LaunchSpec::Kind::kCommand:
      return "command";
    case python::LaunchSpec::Kind::kStdin:
      return "stdin";
  }
  return "run";
}

}  // namespace

std::string Job::text() const {
  if (id.empty()) return "pid " + std::to_string(getpid()) + " on " + host;
  return "job " + id +
         (restart_count > 0 ? " (restart " + std::to_string(restart_count) + ")" : "");
}

// Which variables which launcher sets: slurm.md of Slurm's srun(1) "OUTPUT ENVIRONMENT VARIABLES";
// Open MPI sets OMPI_COMM_WORLD_SIZE only under mpirun, PMIx servers (srun too) set PMIX_RANK.
Job read_job() {
  Job job;
  const std::string array = environment("SLURM_ARRAY_JOB_ID");
  const std::string task = environment("SLURM_ARRAY_TASK_ID");
  job.id = !array.empty() && !task.empty() ? array + "_" + task : environment("SLURM_JOB_ID");
  job.restart_count = std::atoi(environment("SLURM_RESTART_COUNT").c_str());
  char host[256] = "localhost";
  ::gethostname(host, sizeof host - 1);
  job.host = host;
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"}) {
    if (std::getenv(name)) job.launched = true;
  }
  if (std::getenv("SLURM_PROCID")) {
    job.slurm_tasks = std::atoi(environment("SLURM_STEP_NUM_TASKS").c_str());
    job.slurm_task = std::atoi(environment("SLURM_PROCID").c_str());
  }
  job.slurm_job_tasks = std::atoi(environment("SLURM_NTASKS").c_str());
  return job;
}

std::string make_run_id(const Config& config, const Job& job) {
  if (!config.run_id.empty()) return config.run_id;
  const std::string program = python::identity_text(config.launch);
  const std::string digest = hash128(ByteView(program)).hex().substr(0, 8);
  // A job may run several commands, and runs all of them again when it is put back.
  if (!job.id.empty()) return "job-" + only_safe_characters(job.id, 22) + "-" + digest;
  return only_safe_characters(readable_name(config.launch), 24) + "-" + digest;
}

}  // namespace chkpt::run
