// SPDX-License-Identifier: BSD-3-Clause
// What the little MPI programs of this folder run on: an agent whose safe point is an explicit
// call, random triggers, and a Work that checks every cut and does not write anything.
#pragma once

#include <functional>
#include <random>
#include <string>

#include <mpi.h>

namespace chkpt::cut_test {

struct Rig {
  int rank = 0;
  int size = 1;
  double seconds = 2;      // how long a program runs,
  int cuts = 0;            // and not before so many cuts,
  double at_most = 240;    // but no longer than this
  std::mt19937 random{1};  // seeded per rank

  double elapsed() const;
  bool is_over() const;  // by this rank's clock
  // Rank 0's clock decides for all.
  bool time_is_up(MPI_Comm comm = MPI_COMM_WORLD) const;
  double uniform() { return std::uniform_real_distribution<>(0, 1)(random); }
};

// Where the script would be between two bytecodes.
void safe_point();
// Computes for `us` microseconds with many safe points, or none ("in C").
void work(double us);
void work_without_safe_points(double us);
// Ends the job with a line unless `ok`.
void require(bool ok, const std::string& what);
// chkpt.snapshot(); true if a cut was asked for.
bool api_snapshot(const std::string& name);
int cuts_so_far();
int committed_so_far();
std::string last_skip();  // rank 0

using Program = std::function<void(Rig&)>;
int run(int argc, char** argv);  // finds the program by name

// Each file registers its programs.
struct Registration {
  Registration(const char* name, Program program);
};

}  // namespace chkpt::cut_test
