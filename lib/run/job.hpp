// SPDX-License-Identifier: BSD-3-Clause
// The batch job around this run, read from the environment only: under which name the run is
// known, whether a launcher started several ranks, and who wrote a snapshot.
#pragma once

#include <string>

#include "run/config.hpp"

namespace chkpt::run {

struct Job {
  std::string id;         // Slurm's, with the array task; empty outside a job
  int restart_count = 0;  // SLURM_RESTART_COUNT, unset in the first run
  std::string host;
  bool launched = false;    // by mpirun, srun or another PMI launcher
  int slurm_tasks = 1;      // of the step; more than one with a world of size 1 is wrong
  int slurm_task = 0;       // number of this task of the step
  int slurm_job_tasks = 1;  // that the job was submitted for

  // "job 42 (restart 1)" or "pid 4711 on host".
  std::string text() const;
};

Job read_job();

// The run id: --run-id, else Slurm's job (it survives a requeue) or the script's name, and a hash
// of the script's absolute path and arguments. [A-Za-z0-9._-], at most 36 characters, as the store
// wants it.
std::string make_run_id(const Config& config, const Job& job);

}  // namespace chkpt::run
