// SPDX-License-Identifier: BSD-3-Clause
#include "run/launch_check.hpp"

#include <Python.h>

#include <cstdlib>

#include "base/error.hpp"
#include "base/log.hpp"
#include "mpi/session.hpp"
#include "run/version.hpp"

namespace chkpt::run {
namespace {

namespace session = mpi::session;

bool only_old_pmi() {
  return std::getenv("SLURM_STEP_ID") != nullptr && std::getenv("PMIX_RANK") == nullptr &&
         (std::getenv("PMI_RANK") != nullptr || std::getenv("PMI_SIZE") != nullptr);
}

void check_world_size(const Job& job) {
  if (session::size() > 1) return;
  if (job.slurm_tasks > 1) {
    throw UsageError("Slurm started " + std::to_string(job.slurm_tasks) +
                     " tasks but MPI sees a world of one rank: try srun --mpi=pmix");
  }
  if (!job.launched && job.slurm_job_tasks > 1) {
    log::event("this job has " + std::to_string(job.slurm_job_tasks) +
               " tasks, but this is a single process: srun chkpt-mpi ... runs one rank per task");
  }
}

}  // namespace

void start_mpi(const Job& job) {
  const bool launched = mpi::launched_by_mpi();
  // Open MPI that was built without PMI-1 and PMI-2 ends the process inside MPI_Init, with no way
  // to say anything afterwards.
  if (launched && only_old_pmi() && job.slurm_task == 0) {
    log::event("srun offers PMI-1 or PMI-2 only: should MPI not start, try srun --mpi=pmix");
  }
  session::start(launched ? mpi::Start::kEager : mpi::Start::kLazy);
}

std::string version_mismatch(const std::vector<std::string>& hosts_and_versions) {
  const auto split = [](const std::string& text) {
    const auto newline = text.find('\n');
    return std::pair(text.substr(0, newline), text.substr(newline + 1));
  };
  if (hosts_and_versions.empty()) return "";
  const auto [first_host, first_version] = split(hosts_and_versions.front());
  for (const std::string& text : hosts_and_versions) {
    const auto [host, version] = split(text);
    if (version == first_version) continue;
    return "different programs were started: " + first_version + " on " + first_host + ", " +
           version + " on " + host;
  }
  return "";
}

void check_launch(const Job& job) {
  check_world_size(job);
  if (session::size() == 1) return;
  const std::string version = std::string("chkpt ") + kVersion + " with Python " + Py_GetVersion();
  const std::string problem = version_mismatch(session::all_gather(job.host + "\n" + version));
  if (!problem.empty()) throw UsageError(problem);
}

}  // namespace chkpt::run
