// SPDX-License-Identifier: BSD-3-Clause
// What rank 0 asks of Slurm and tells it, always through its own commands: when the job ends, put
// it back into the queue, note its progress. No library of Slurm is linked: its interface changes
// with every release, the commands do not.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "run/command.hpp"

namespace chkpt::run::slurm {

// SLURM_JOB_END_TIME: set by newer versions, and as old as the job.
std::optional<std::int64_t> end_from_environment();
// The command that tells the end time, and how its answer is read: Unix seconds, nothing for a job
// without a limit or an answer that is none.
std::unique_ptr<Command> ask_for_end(const std::string& job);
std::optional<std::int64_t> read_end(const CommandResult& answer);

// Waits for it; one line that says what happened.
std::string requeue(const std::string& job);

// `squeue -o %k` shows it.
std::unique_ptr<Command> set_comment(const std::string& job, const std::string& text);

}  // namespace chkpt::run::slurm
