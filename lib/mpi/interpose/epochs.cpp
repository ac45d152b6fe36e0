// SPDX-License-Identifier: BSD-3-Clause
#include "mpi/interpose/epochs.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include "mpi/interpose/gate.hpp"

namespace chkpt::mpi::epochs {
namespace {

struct Epoch {
  const void* window;
  Kind kind;
  std::string text;
  bool outlasted = false;
};

constexpr double kPatience_s = 1;
constexpr double kLockAllPatience_s = 0.1;

std::mutex g_mutex;
std::vector<Epoch> g_open;
std::atomic<bool> g_any{false};

bool may_stand_in(const Epoch& epoch) { return epoch.kind == Kind::kLockAll && epoch.outlasted; }
bool deters(const Epoch& epoch) { return epoch.outlasted && epoch.kind != Kind::kLockAll; }

void changed() { g_any = !std::all_of(g_open.begin(), g_open.end(), may_stand_in); }

template <class Match>
auto find_if(Match match) {
  return std::find_if(g_open.begin(), g_open.end(), match);
}

}  // namespace

void open(const void* window, Kind kind, const char* mpi_call) {
  Epoch epoch{window, kind, mpi_call};
  GateKeeper* keeper = gate::keeper();
  const std::string place = keeper != nullptr ? keeper->line() : "";
  if (!place.empty()) epoch.text += " " + place;
  const std::lock_guard<std::mutex> lock(g_mutex);
  g_open.push_back(std::move(epoch));
  changed();
}

void close(const void* window, Kind kind) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  const auto it = find_if([&](const Epoch& e) { return e.window == window && e.kind == kind; });
  if (it != g_open.end()) g_open.erase(it);
  changed();
}

void close_all(const void* window) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  const auto is_its = [&](const Epoch& e) { return e.window == window; };
  g_open.erase(std::remove_if(g_open.begin(), g_open.end(), is_its), g_open.end());
  changed();
}

void reopen_lock_all(const void* window) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  g_open.push_back({window, Kind::kLockAll, "MPI_Win_lock_all", true});
  changed();
}

bool any() { return g_any.load(std::memory_order_relaxed); }

std::string outlasting(double waited_s) {
  if (!any()) return {};
  const std::lock_guard<std::mutex> lock(g_mutex);
  for (Epoch& epoch : g_open) {
    const bool all = epoch.kind == Kind::kLockAll;
    if (waited_s > (all ? kLockAllPatience_s : kPatience_s)) epoch.outlasted = true;
  }
  changed();
  const auto it = find_if(deters);
  if (it == g_open.end()) return {};
  const bool split = it->kind == Kind::kSplit;
  return (split ? "an unfinished file operation (" : "an open RMA epoch (") + it->text + ")";
}

}  // namespace chkpt::mpi::epochs
