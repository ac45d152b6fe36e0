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

std::mutex g_mutex;
std::vector<Epoch> g_open;
std::atomic<std::size_t> g_count{0};

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
  g_count = g_open.size();
}

void close(const void* window, Kind kind) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  const auto it = find_if([&](const Epoch& e) { return e.window == window && e.kind == kind; });
  if (it != g_open.end()) g_open.erase(it);
  g_count = g_open.size();
}

void close_all(const void* window) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  const auto is_its = [&](const Epoch& e) { return e.window == window; };
  g_open.erase(std::remove_if(g_open.begin(), g_open.end(), is_its), g_open.end());
  g_count = g_open.size();
}

bool any() { return g_count.load(std::memory_order_relaxed) != 0; }

std::string outlasting(bool patience_over) {
  if (!any()) return {};
  const std::lock_guard<std::mutex> lock(g_mutex);
  for (Epoch& epoch : g_open) epoch.outlasted = epoch.outlasted || patience_over;
  const auto it = find_if([](const Epoch& e) { return e.outlasted; });
  if (it == g_open.end()) return {};
  const bool split = it->kind == Kind::kSplit;
  return (split ? "an unfinished file operation (" : "an open RMA epoch (") + it->text + ")";
}

}  // namespace chkpt::mpi::epochs
