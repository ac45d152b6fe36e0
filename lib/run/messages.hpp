// SPDX-License-Identifier: BSD-3-Clause
// The one-line messages of a run, as pure functions of what happened: what users grep for in job
// logs stands here and nowhere else.
#pragma once

#include <cstdint>
#include <string>

namespace chkpt::run {

// Times of one snapshot, in seconds, as rank 0 saw them.
struct SnapshotTimes {
  double cut_s = 0;      // from the trigger until every rank stood at the cut
  double blocked_s = 0;  // from the cut until the script ran on
  double write_s = 0;    // writing and committing, most often while the script ran on already
};

// "snapshot 8 committed: 4 ranks, 1.2 GB, cut 3 ms, blocked 80 ms, 1.1 GB/s"
std::string committed_message(std::uint64_t epoch, int nranks, std::uint64_t bytes,
                              const SnapshotTimes& times);
// "snapshot 9 skipped: <reason>" ; `rank` is named when there are several.
std::string skipped_message(std::uint64_t epoch, const std::string& reason, int rank, int nranks);
// "resumed from epoch 7 of 12:03:11, written by job 42"; the date is added when it isn't today's.
std::string resumed_message(std::uint64_t epoch, std::int64_t written_unix_ns,
                            const std::string& writer, std::int64_t now_unix_ns);

std::string local_time_text(std::int64_t unix_ns, std::int64_t now_unix_ns);
std::int64_t unix_time_ns();

}  // namespace chkpt::run
