// SPDX-License-Identifier: BSD-3-Clause
#include "base/blocked_signals.hpp"

#include <csignal>
#include <initializer_list>

namespace chkpt {

struct BlockedSignals::Mask {
  sigset_t set;
};

BlockedSignals::BlockedSignals() : old_(new Mask) {
  sigset_t all;
  sigfillset(&all);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) {
    sigdelset(&all, signal);
  }
  pthread_sigmask(SIG_SETMASK, &all, &old_->set);
}

BlockedSignals::~BlockedSignals() {
  pthread_sigmask(SIG_SETMASK, &old_->set, nullptr);
  delete old_;
}

}  // namespace chkpt
