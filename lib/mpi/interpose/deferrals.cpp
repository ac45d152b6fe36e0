// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/deferrals.hpp"

#include <array>
#include <atomic>
#include <mutex>

#include "mpi/interpose/gate.hpp"

namespace chkpt::mpi::deferrals {
namespace {

struct Entry {
  int live = 0;
  std::string text;  // of the first one
};

constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::kCount);
std::mutex g_mutex;
std::array<Entry, kKinds> g_entries;
std::string g_forever;
std::atomic<bool> g_any_forever{false};

std::string describe(const char* mpi_call, const char* why) {
  std::string text = mpi_call;
  GateKeeper* keeper = on_main_thread() ? gate::keeper() : nullptr;
  if (keeper != nullptr) {
    const std::string place = keeper->line();
    if (!place.empty()) text += " " + place;
  }
  if (*why != '\0') text += std::string(" ") + why;
  return text;
}

}  // namespace

void add(Kind kind, const char* mpi_call, const char* why) {
  Entry& entry = g_entries[static_cast<std::size_t>(kind)];
  bool first = false;
  {
    const std::lock_guard<std::mutex> lock(g_mutex);
    first = entry.live++ == 0;
    if (first) entry.text = mpi_call;
  }
  // Only then look where we are: that may take the interpreter's lock.
  if (first) {
    std::string text = describe(mpi_call, why);
    const std::lock_guard<std::mutex> lock(g_mutex);
    entry.text = std::move(text);
  }
  if (on_main_thread()) clock_advanced();
}

void add_found(Kind kind, const std::string& text) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  Entry& entry = g_entries[static_cast<std::size_t>(kind)];
  if (entry.live++ == 0) entry.text = text;
}

void remove(Kind kind) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  Entry& entry = g_entries[static_cast<std::size_t>(kind)];
  if (entry.live > 0) --entry.live;
}

void forever(const char* mpi_call, const char* why) {
  if (g_any_forever.exchange(true)) return;
  std::string text = "no more snapshots in this run after " + describe(mpi_call, why);
  const std::lock_guard<std::mutex> lock(g_mutex);
  g_forever = std::move(text);
}

std::string current() {
  const std::lock_guard<std::mutex> lock(g_mutex);
  if (g_any_forever) return g_forever.empty() ? "an MPI call that cannot be saved" : g_forever;
  for (const Entry& entry : g_entries) {
    if (entry.live > 0) return entry.text;
  }
  return {};
}

void reset() {
  const std::lock_guard<std::mutex> lock(g_mutex);
  g_entries = {};
  g_forever.clear();
  g_any_forever = false;
}

}  // namespace chkpt::mpi::deferrals
