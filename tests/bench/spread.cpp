// SPDX-License-Identifier: BSD-3-Clause
// What a cut costs on the control plane against the number of ranks: jobs of up to 10 000 ranks
// simulated in this process (tests/unit/cut/simulated_job.hpp). Prints a table, or JSON with
// --json; --most N leaves out larger jobs. Messages and bytes are exact; CPU time is that of the
// coordinator and the relays, with encoding and decoding.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "unit/cut/simulated_job.hpp"

namespace {

using chkpt::cut::Load;

constexpr int kCuts = 3;
constexpr int kRanksPerNode = 64;

struct Row {
  int ranks = 0;
  Load busiest;  // each figure of the process that has most of it
  Load average;
};

Row measure(int ranks) {
  chkpt::cut::JobOptions options;
  options.ranks = ranks;
  options.ranks_per_node = kRanksPerNode;
  options.steps_per_rank = 20;
  chkpt::cut::SimulatedJob job(options);
  if (!job.run(kCuts) || job.cuts() != kCuts || !job.errors().empty()) {
    std::fprintf(stderr, "%d ranks: %s\n", ranks,
                 job.errors().empty() ? "no cuts" : job.errors().front().c_str());
    std::exit(1);
  }
  Row row;
  row.ranks = ranks;
  for (const Load& load : job.loads()) {
    row.busiest.connections = std::max(row.busiest.connections, load.connections);
    row.busiest.messages = std::max(row.busiest.messages, load.messages / kCuts);
    row.busiest.bytes = std::max(row.busiest.bytes, load.bytes / kCuts);
    row.busiest.cpu_s = std::max(row.busiest.cpu_s, load.cpu_s / kCuts);
    row.average.messages += load.messages;
    row.average.bytes += load.bytes;
    row.average.cpu_s += load.cpu_s;
  }
  const auto all = static_cast<std::uint64_t>(kCuts) * static_cast<std::uint64_t>(ranks);
  row.average.messages /= all;
  row.average.bytes /= all;
  row.average.cpu_s /= static_cast<double>(all);
  return row;
}

void print(const Row& row, bool json) {
  const char* form = json ? "{\"ranks\": %d, \"connections\": %zu, \"messages\": [%llu, %llu], "
                            "\"bytes\": [%llu, %llu], \"cpu_us\": [%.1f, %.1f]}\n"
                          : "%8d %12zu %8llu %8llu %10llu %10llu %10.1f %10.1f\n";
  const auto count = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf(form, row.ranks, row.busiest.connections, count(row.average.messages),
              count(row.busiest.messages), count(row.average.bytes), count(row.busiest.bytes),
              row.average.cpu_s * 1e6, row.busiest.cpu_s * 1e6);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  int most = 10000;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) json = true;
    if (std::strcmp(argv[i], "--most") == 0 && i + 1 < argc) most = std::atoi(argv[++i]);
  }
  if (!json) {
    std::printf("%8s %12s %17s %21s %21s\n%8s %12s %8s %8s %10s %10s %10s %10s\n", "",
                "connections", "messages per cut", "bytes per cut", "CPU us per cut", "ranks",
                "most", "average", "most", "average", "most", "average", "most");
  }
  for (int ranks = 10; ranks <= most; ranks *= 10) print(measure(ranks), json);
  return 0;
}
