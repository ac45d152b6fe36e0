// SPDX-License-Identifier: BSD-3-Clause
// Threads of chkpt take no signals: the script's handlers run in the main thread.
#pragma once

namespace chkpt {

// Blocks all signals but those a crash raises while it lives, so that a thread started meanwhile
// never runs a handler and yet does not die without a trace.
class BlockedSignals {
 public:
  BlockedSignals();
  ~BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  struct Mask;
  Mask* old_;
};

}  // namespace chkpt
