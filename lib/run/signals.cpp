// SPDX-License-Identifier: BSD-3-Clause
#include "run/signals.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <vector>

#include <pthread.h>

#include "base/error.hpp"
#include "base/file.hpp"

namespace chkpt::run {
namespace {

cut::Agent* g_agent = nullptr;
std::vector<int> g_signals;
std::atomic<bool> g_stop_signalled{false};

extern "C" void on_stop_signal(int) {
  const int saved = errno;
  g_stop_signalled = true;
  if (g_agent) g_agent->trigger_from_signal(true);
  errno = saved;
}

// A child of the script is not ours to snapshot, and must die of SIGTERM like any other.
extern "C" void restore_defaults_in_child() {
  g_agent = nullptr;
  for (const int number : g_signals) {
    struct sigaction current {};
    if (sigaction(number, nullptr, &current) != 0 || current.sa_handler != on_stop_signal) continue;
    struct sigaction by_default {};
    by_default.sa_handler = SIG_DFL;
    sigaction(number, &by_default, nullptr);
  }
}

void install(int number) {
  struct sigaction current {};
  // Ignored (nohup), or by a resume the script's own again.
  if (sigaction(number, nullptr, &current) == 0 && current.sa_handler != SIG_DFL) return;
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  if (sigaction(number, &action, nullptr) != 0) {
    throw IoError("cannot handle signal " + std::to_string(number) + ": " + errno_text(errno),
                  errno);
  }
  g_signals.push_back(number);
}

}  // namespace

void install_signal_triggers(const Config& config, cut::Agent& agent) {
  g_agent = &agent;
  for (const int number : config.signals) install(number);
  if (pthread_atfork(nullptr, nullptr, restore_defaults_in_child) != 0) {
    throw IoError("pthread_atfork failed", ENOMEM);
  }
}

bool stop_was_signalled() { return g_stop_signalled; }

}  // namespace chkpt::run
