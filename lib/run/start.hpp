// SPDX-License-Identifier: BSD-3-Clause
// How a run begins: fresh, in the middle of the script, or not at all. Rank 0 looks at the run's
// directory and proposes; every rank verifies its own file; one that cannot use it makes all of
// them step back to the next older snapshot.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "run/config.hpp"
#include "run/job.hpp"
#include "run/meta.hpp"
#include "store/rank_file.hpp"
#include "store/run_directory.hpp"

namespace chkpt::run {

struct Start {
  std::unique_ptr<store::RunDirectory> directory;
  store::Generation generation;
  std::string run_id;
  std::uint64_t base_epoch = 0;  // epochs of this incarnation are above it

  // Set when the run goes on from a snapshot.
  std::unique_ptr<store::RankFile> file;
  Json meta;  // of this rank's file
  std::uint64_t resumed_epoch = 0;
  std::uint64_t resumed_generation = 0;  // that wrote it
  std::int64_t written_unix_ns = 0;
  std::string writer;  // "job 42 (restart 1)"

  // Set when there is nothing to run: the process ends with this code.
  std::optional<int> leave_with;
};

// Collective over all ranks (main threads), before Python starts. Rank 0 says what was decided.
// Throws UsageError (directory, or a checkpoint of another script, Python or rank count), IoError.
// On every rank alike.
Start decide_start(const Config& config, const Program& program, const Job& job);

}  // namespace chkpt::run
