// SPDX-License-Identifier: BSD-3-Clause
// Everything a run is told before it starts: the validated result of command line, environment and
// configuration file (lib/cli fills it), and nothing that is found out later.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "python/launch/launch_spec.hpp"

namespace chkpt::run {

enum class Mode {
  kContinue,  // capture the whole interpreter state and go on in the middle of the script
  kTracked,   // re-run from the top; tracked objects get their contents back
};

// What a resume does to files that the script changed after the snapshot.
enum class FilesChoice { kUndo, kKeep };

struct ResumeChoice {
  enum class Kind { kAuto, kNever, kMust, kEpoch };
  Kind kind = Kind::kAuto;
  std::uint64_t epoch = 0;  // kEpoch: this one or stop
};

// Snapshots at random moments, each loaded back; for tests of a script and of chkpt itself.
struct Torture {
  std::int64_t mean_ms = 0;  // between two snapshots; 0: none of this
  bool kill = false;         // end by SIGKILL after one of the first snapshots
  std::uint64_t seed = 0;    // of what is random; 0: chosen at start

  bool wanted() const { return mean_ms > 0; }
};

struct Config {
  std::string output_dir;              // "" = ./checkpoints/<run id>
  std::string run_id;                  // "" = made from the job or the command line
  std::int64_t interval_ms = 600'000;  // 0 as often as possible, -1 only when asked
  std::int64_t min_obj_size = -1;      // tracked mode: globals taken too; bytes, -1 none
  Mode mode = Mode::kContinue;
  ResumeChoice resume;
  FilesChoice files = FilesChoice::kUndo;
  std::string standard_output;  // file that descriptor 1 is; %r in it is the rank; "": as given
  std::uint64_t copy_limit = 16'000'000'000;  // of a file that is open for writing, see FORMAT.md
  int keep = 2;
  std::vector<int> signals;                  // that mean "snapshot, then stop"
  std::int64_t cut_timeout_ms = 30'000;      // give up a cut after this long
  std::int64_t deadline_margin_ms = 30'000;  // between last snapshot and time limit; -1: no plan
  bool requeue = false;                      // ask Slurm to start the job again after an early stop
  bool slurm_comment = false;                // note each snapshot in the job's comment
  bool verify_snapshots = false;             // load each one back before it is committed
  std::int64_t trial_after_ms = 60'000;      // when one is, and kept all the same; -1: none
  Torture torture;
  bool dry_run = false;  // snapshots are looked at and thrown away; a report at the end
  int verbosity = 0;     // -1 (-q), 0, 1 (-v), 2 (-vv)
  python::LaunchSpec launch;
};

}  // namespace chkpt::run
