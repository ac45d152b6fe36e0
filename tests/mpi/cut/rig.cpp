// SPDX-License-Identifier: BSD-3-Clause
// cut_programs NAME [--seconds S] [--every-ms M] [--released] [--cut-timeout S] [--seed N]
// [--min-cuts N] [--max-skips N] [--max-median-ms M] [--fan-out N]: runs a program under random
// cuts; rank 0 prints one line of figures. Fails if a cut did not hold, a message was wrong, fewer
// cuts were made or more skipped than N, or the median time to cut is above M. --released: no rank
// may stand inside a blocked call, so every one has to be let out of it first.
#include "rig.hpp"

#include <atomic>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include <unistd.h>

#include "base/log.hpp"
#include "cut/agent.hpp"
#include "mpi/interpose/gate.hpp"
#include "mpi/session.hpp"

namespace chkpt::cut_test {
namespace {

struct Options {
  std::string name;
  double seconds = 2;
  double every_ms = 3;
  double cut_timeout_s = 20;
  bool released = false;
  unsigned seed = 1;
  int fan_out = cut::kFanOut;
  int min_cuts = 1;
  int cuts = 0;
  int max_skips = 1 << 30;
  double max_median_ms = 1e9;
};

using Clock = std::chrono::steady_clock;
Clock::time_point g_start;
std::atomic<bool> g_wanted{false};
std::atomic<int> g_committed{0};
std::atomic<int> g_failed{0};
std::atomic<int> g_cuts{0};
std::atomic<int> g_ended{0};  // cuts, well or not
std::mutex g_skip_mutex;
std::string g_last_skip;
std::vector<double> g_cut_ms;
int g_skips = 0;
cut::Agent g_agent;

std::map<std::string, Program>& programs() {
  static std::map<std::string, Program> table;
  return table;
}

class CheckedWork : public cut::Work {
 public:
  cut::Report capture(const cut::CutInfo& info) override {
    ++g_cuts;
    g_cut_ms.push_back(info.cut_ms);
    return {};
  }
  cut::Report write(const cut::CutInfo&) override {
    return {true, "", "rank" + std::to_string(mpi::session::rank())};
  }
  cut::Report commit(const cut::CutInfo&, const std::vector<cut::Report>& reports) override {
    for (std::size_t r = 0; r < reports.size(); ++r) {
      if (reports[r].payload != "rank" + std::to_string(r)) return {false, "reports mixed up", ""};
    }
    return {};
  }
  void committed(const cut::CutInfo&, bool ok, const std::string& message) override {
    ++(ok ? g_committed : g_failed);
    ++g_ended;
    if (!ok) log::error("cut failed: " + message);
  }
  void leave(const cut::CutInfo&) override {
    mpi::session::finish();
    ::_exit(75);
  }
  void skipped(const cut::Trigger&, const std::string& message) override {
    const std::lock_guard<std::mutex> lock(g_skip_mutex);
    ++g_skips;
    ++g_ended;
    g_last_skip = message;
  }
};

Options parse(int argc, char** argv) {
  Options options;
  options.name = argc > 1 ? argv[1] : "";
  for (int i = 2; i < argc; ++i) {
    const std::string key = argv[i];
    if (key == "--released") {
      options.released = true;
      continue;
    }
    const double value = i + 1 < argc ? std::atof(argv[++i]) : 0;
    if (key == "--seconds") options.seconds = value;
    if (key == "--every-ms") options.every_ms = value;
    if (key == "--cut-timeout") options.cut_timeout_s = value;
    if (key == "--fan-out") options.fan_out = static_cast<int>(value);
    if (key == "--seed") options.seed = static_cast<unsigned>(value);
    if (key == "--max-median-ms") options.max_median_ms = value;
    if (key == "--min-cuts") options.min_cuts = static_cast<int>(value);
    if (key == "--max-skips") options.max_skips = static_cast<int>(value);
  }
  if (const char* longer = std::getenv("CHKPT_CUT_SECONDS")) options.seconds = std::atof(longer);
  if (const char* more = std::getenv("CHKPT_CUTS")) options.cuts = std::atoi(more);
  return options;
}

// Triggers at random moments until told to stop. The program has about as long for itself as the
// last cut has taken: on a busy machine it would come no further otherwise, cut at each safe point.
// Not longer than this, though: a cut that was put off takes a second.
constexpr double kLongestMean_ms = 100;
class RandomTriggers {
 public:
  explicit RandomTriggers(const Options& options) {
    if (options.every_ms <= 0) return;
    thread_ = std::thread([this, options] {
      std::mt19937 random(options.seed);
      std::uniform_real_distribution<> spread(0.05, 1.95);
      double last_ms = 0;
      while (!stop_) {
        const double mean_ms = std::max(options.every_ms, std::min(last_ms, kLongestMean_ms));
        std::this_thread::sleep_for(
            std::chrono::duration<double, std::milli>(mean_ms * spread(random)));
        const int ended = g_ended;
        if (!stop_) g_agent.trigger({cut::TriggerKind::kRequest, "", false});
        // Often the next one falls into this cut.
        if (spread(random) < 1.5) last_ms = wait_for_end(ended);
      }
    });
  }
  ~RandomTriggers() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  // Returns how long that was, in milliseconds.
  double wait_for_end(int ended) const {
    const auto begin = Clock::now(), until = begin + std::chrono::seconds(1);
    while (!stop_ && g_ended == ended && Clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  }

  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// Returns the median time to cut in milliseconds.
double report(const Options& options) {
  std::vector<double> ms = g_cut_ms;
  std::sort(ms.begin(), ms.end());
  const auto at = [&ms](double q) {
    return ms.empty() ? 0
                      : ms[std::min(ms.size() - 1,
                                    static_cast<std::size_t>(q * static_cast<double>(ms.size())))];
  };
  std::printf("%s: %d cuts, %d committed, %d skipped; to cut: median %.2f ms, 99 %% %.2f ms\n",
              options.name.c_str(), g_cuts.load(), g_committed.load(), g_skips, at(0.5), at(0.99));
  if (g_skips > 0) std::printf("last skip: %s\n", g_last_skip.c_str());
  std::fflush(stdout);
  return at(0.5);
}

}  // namespace

double Rig::elapsed() const {
  return std::chrono::duration<double>(Clock::now() - g_start).count();
}

bool Rig::is_over() const { return elapsed() > seconds && (g_cuts >= cuts || elapsed() > at_most); }

bool Rig::time_is_up(MPI_Comm comm) const {
  int up = is_over() ? 1 : 0;
  MPI_Bcast(&up, 1, MPI_INT, 0, comm);
  return up != 0;
}

void safe_point() {
  if (!g_wanted.exchange(false)) return;
  g_agent.at_safe_point(nullptr);
}

void work(double us) {
  const auto end = Clock::now() + std::chrono::duration<double, std::micro>(us);
  do {
    safe_point();
  } while (Clock::now() < end);
}

void work_without_safe_points(double us) {
  const auto end = Clock::now() + std::chrono::duration<double, std::micro>(us);
  while (Clock::now() < end) {
  }
}

void require(bool ok, const std::string& what) {
  if (ok) return;
  log::error("WRONG: " + what);
  mpi::session::abort(3);
}

bool api_snapshot(const std::string& name) {
  const bool asked = g_agent.api_snapshot(name);
  safe_point();
  return asked;
}

int cuts_so_far() { return g_cuts; }
int committed_so_far() { return g_committed; }
std::string last_skip() {
  const std::lock_guard<std::mutex> lock(g_skip_mutex);
  return g_last_skip;
}

Registration::Registration(const char* name, Program program) {
  programs()[name] = std::move(program);
}

int run(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const auto program = programs().find(options.name);
  if (program == programs().end()) {
    std::fprintf(stderr, "no program %s\n", options.name.c_str());
    return 2;
  }
  mpi::session::start(mpi::launched_by_mpi() ? mpi::Start::kEager : mpi::Start::kLazy);
  log::set_rank(mpi::session::rank(), mpi::session::size());
  CheckedWork work;
  cut::PythonHooks hooks;
  hooks.request_safe_point = [] { g_wanted = true; };
  hooks.prepare_blocked = [](const mpi::BlockedCall&, std::string*) { return true; };
  hooks.where = [] { return std::string("in the test program"); };
  cut::Config config;
  config.cut_timeout_s = options.cut_timeout_s;
  config.restart_blocked = !options.released;
  config.fan_out = options.fan_out;
  config.write_behind = true;
  g_agent.start(config, hooks, &work);

  int level = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &level);
  Rig rig;
  g_start = Clock::now();
  MPI_Comm_rank(MPI_COMM_WORLD, &rig.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &rig.size);
  rig.seconds = options.seconds;
  rig.cuts = options.cuts;
  rig.random.seed(options.seed * 1000 + static_cast<unsigned>(rig.rank));
  {
    const RandomTriggers triggers(rig.rank == 0 ? options : Options{"", 0, 0});
    program->second(rig);
    MPI_Finalize();
  }
  g_agent.script_done();
  g_agent.stop();
  const bool quick = rig.rank != 0 || report(options) <= options.max_median_ms;
  const bool all = rig.rank != 0 || g_skips <= options.max_skips;
  const bool ok = g_failed == 0 && g_cuts >= options.min_cuts && quick && all;
  if (!all) log::error("too many cuts skipped");
  if (!quick) log::error("cuts took too long");
  if (g_cuts < options.min_cuts) log::error("too few cuts");
  mpi::session::finish();
  return ok ? 0 : 1;
}

}  // namespace chkpt::cut_test

int main(int argc, char** argv) { return chkpt::cut_test::run(argc, argv); }
