// SPDX-License-Identifier: BSD-3-Clause
// The tests' side of fault_shim.c, and one snapshot cycle to break in every place.
#pragma once

#include <cstdlib>
#include <string>

#include <dlfcn.h>

#include <gtest/gtest.h>

#include "store/walk_back.hpp"
#include "unit/store/snapshot_fixture.hpp"

namespace chkpt::store {

enum class FaultKind { kError = 1, kShort = 2, kKill = 3 };

class Faults {
 public:
  Faults()
      : arm_(reinterpret_cast<Arm>(::dlsym(RTLD_DEFAULT, "fault_arm"))),
        disarm_(reinterpret_cast<Disarm>(::dlsym(RTLD_DEFAULT, "fault_disarm"))) {
    if (arm_ == nullptr || disarm_ == nullptr) {
      ADD_FAILURE() << "fault_shim.so is not preloaded";
      std::abort();
    }
  }
  void arm(FaultKind kind, int error, bool sticky, long at) const {
    arm_(static_cast<int>(kind), error, sticky ? 1 : 0, at);
  }
  long disarm() const { return disarm_(); }  // the number of calls since arm()

 private:
  using Arm = void (*)(int, int, int, long);
  using Disarm = long (*)();
  Arm arm_;
  Disarm disarm_;
};

class FaultTest : public StoreTest {
 protected:
  static constexpr int kRanks = 2;

  // Begin, write, commit, retain: everything that touches the disk during a snapshot.
  static void take_snapshot(RunDirectory& run, const Generation& generation, std::uint64_t epoch) {
    const SnapshotDir target = run.begin(epoch, kRunId, kRanks, generation);
    try {
      run.commit(target, write_ranks(target, epoch, kRanks), generation);
    } catch (...) {
      run.drop(target);
      throw;
    }
    run.retain(2, {});
  }

  // The newest committed snapshot, which must be intact; 0 when there is none.
  static std::uint64_t newest_intact(const RunDirectory& run) {
    for (const SnapshotRef& ref : run.snapshots()) {
      EXPECT_NE(ref.state, SnapshotState::kDamaged) << ref.name << ": " << ref.reason;
      if (ref.state != SnapshotState::kCommitted) continue;
      for (const std::string& verdict : verify_rank_files(ref)) EXPECT_EQ(verdict, "");
      return ref.epoch;
    }
    return 0;
  }

  Faults faults_;
};

}  // namespace chkpt::store
