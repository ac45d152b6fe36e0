// SPDX-License-Identifier: BSD-3-Clause
// The run's directory while the script runs, above all the files of the snapshot in progress. All
// is done in one thread with descriptors of its own: the script may run meanwhile, and gets the
// numbers that python3 would give it. Where the system allows no such thread the calling one does
// it, and nothing is written behind the script's back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/apart_thread.hpp"
#include "run/start.hpp"
#include "store/manifest.hpp"
#include "store/snapshot_dir.hpp"
#include "store/staging.hpp"
#include "store/writer.hpp"

namespace chkpt::run {

class SnapshotFiles {
 public:
  // Borrowed for the life of the process; null: there can be no such thread.
  SnapshotFiles(const Start& start, ApartThread* thread);

  bool may_write_behind() const { return thread_ != nullptr; }

  // Rank 0 makes the directory of a snapshot of `nranks` ranks; the others find it when they write.
  // Throws store::Fenced, IoError.
  void begin(std::uint64_t epoch, int nranks);
  // Write this rank's file. What goes wrong on disk is in the result.
  store::WriteResult write(store::Staged staged);
  void write_behind(store::Staged staged, std::function<void(const store::WriteResult&)> done);
  // Of the file that was written last.
  std::string path(const store::RankFileInfo& file) const;
  // Rank 0. Throws store::Fenced, IoError, FormatError.
  void commit(const store::Manifest& manifest);
  // Rank 0: there will be no such snapshot.
  void drop() noexcept;
  // All ranks, at the end.
  void forget() noexcept;
  // Rank 0, between two snapshots: removes what is not needed any more. Throws IoError.
  void tidy(int keep);

  // Rank 0, once in a while: was a snapshot asked for; is there a newer start of this run? While
  // something is being written nobody looks, and nothing is found. Throws Error.
  bool take_request();
  std::optional<store::Generation> newest_generation();

 private:
  template <class F>
  void in_thread(F&& work);
  store::WriteResult write_down(store::Staged staged);
  bool is_free() const;

  const Start& start_;
  ApartThread* thread_;
  std::optional<store::RunDirectory> opened_;  // by that thread
  store::RunDirectory* directory_;
  std::optional<store::SnapshotDir> target_;  // that thread's too
};

}  // namespace chkpt::run
