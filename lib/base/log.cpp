// SPDX-License-Identifier: BSD-3-Clause
#include "base/log.hpp"

#include <atomic>
#include <string>

#include <unistd.h>

namespace chkpt::log {
namespace {

std::atomic<Level> g_level{Level::kEvent};
std::atomic<int> g_rank{0};
std::atomic<int> g_size{1};
std::atomic<void (*)(std::string_view)> g_observer{nullptr};

void write_line(std::string_view text, bool with_rank) {
  std::string line = "chkpt: ";
  if (with_rank && g_size > 1) line += "rank " + std::to_string(g_rank) + ": ";
  line.append(text);
  line += '\n';
  const char* p = line.data();
  for (std::size_t left = line.size(); left > 0;) {
    const ssize_t n = ::write(STDERR_FILENO, p, left);
    if (n <= 0) return;  // nowhere left to complain to
    p += n;
    left -= static_cast<std::size_t>(n);
  }
}

}  // namespace

void set_level(Level level) { g_level = level; }
Level level() { return g_level; }
void set_rank(int rank, int size) {
  g_rank = rank;
  g_size = size;
}

void error(std::string_view text) { write_line(text, true); }
void observe_events(void (*observer)(std::string_view)) { g_observer = observer; }

void event(std::string_view text) {
  if (auto* const observer = g_observer.load()) observer(text);
  if (g_rank == 0 && g_level.load() >= Level::kEvent) write_line(text, false);
}
void info(std::string_view text) {
  if (g_rank == 0 && g_level.load() >= Level::kInfo) write_line(text, false);
}
void debug(std::string_view text) {
  if (g_level.load() >= Level::kDebug) write_line(text, true);
}

}  // namespace chkpt::log
