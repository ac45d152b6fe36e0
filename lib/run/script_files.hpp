// SPDX-License-Identifier: BSD-3-Clause
// The files the script changes, over the life of a run: put back before a resume, noted from then
// on. With --files keep, and in tracked mode, chkpt leaves them alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/json.hpp"
#include "run/config.hpp"
#include "run/start.hpp"

namespace chkpt::run {

// Collective over all ranks, before the heap is loaded (it opens files at their saved sizes). Takes
// back what was changed after the resumed snapshot; rank 0 says what could not be. Throws on every
// rank alike: CannotResume, or Error if the run begins afresh.
void restore_script_files(const Config& config, const Start& start);

// Notes changes from now on. Throws Error.
void note_script_files(const Config& config, const Start& start);

// What the script has written through MPI files reaches the disk. Throws IoError.
void sync_mpi_files();

// Which snapshots a resume may still need, as far as this process knows; older notes are dropped,
// while the script stands: when a snapshot is committed it may run already.
class NeededNotes {
 public:
  NeededNotes(int keep, std::uint64_t resumed_epoch);

  // The files that the saved objects hold open for writing are copied as they are now; what the
  // rank's file says of the copies. Throws IoError.
  Json hold(std::uint64_t epoch);
  void captured(std::uint64_t epoch);
  void failed(std::uint64_t epoch) { failed_.push_back(epoch); }
  void committed(std::uint64_t epoch) { epochs_.push_back(epoch); }
  void settle();  // the script stands

 private:
  std::size_t keep_;
  std::deque<std::uint64_t> epochs_;
  std::vector<std::uint64_t> failed_;
};

}  // namespace chkpt::run
