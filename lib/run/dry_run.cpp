// SPDX-License-Identifier: BSD-3-Clause
#include "run/dry_run.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <sstream>
#include <vector>

#include <stdlib.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/units.hpp"
#include "inspect/commands.hpp"
#include "inspect/text.hpp"
#include "mpi/session.hpp"

namespace chkpt::run {
namespace {

namespace session = mpi::session;
using inspect::plural;

constexpr const char* kTemplate = ".chkpt-dry-run-XXXXXX";
constexpr std::size_t kMostLines = 20;
constexpr std::size_t kWidth = 110;
constexpr const char* kNotSaved = "not saved: ";

// What the script's libraries hold and no snapshot does, as it is said once.
std::mutex g_not_saved_mutex;
std::vector<std::string> g_not_saved;

void note_event(std::string_view text) {
  if (text.substr(0, std::string_view(kNotSaved).size()) != kNotSaved) return;
  const std::scoped_lock lock(g_not_saved_mutex);
  g_not_saved.emplace_back(text.substr(std::string_view(kNotSaved).size()));
}

std::string without_digits(std::string text) {
  text.erase(std::remove_if(text.begin(), text.end(),
                            [](unsigned char c) { return std::isdigit(c) != 0; }),
             text.end());
  return text;
}

// A directory below the working directory, where all nodes can see it.
std::string make_directory() {
  std::string path;
  std::string problem;
  if (session::rank() == 0) {
    std::error_code ignored;
    path = (std::filesystem::current_path(ignored) / kTemplate).string();
    if (::mkdtemp(path.data()) == nullptr)
      problem = "cannot make " + path + ": " + errno_text(errno);
  }
  const session::Verdict verdict = session::agree(problem.empty(), problem);
  if (!verdict.ok) throw UsageError("--dry-run: " + verdict.message);
  return session::broadcast(path);
}

// Each line as a message of its own, so that ranks and the launcher do not mix into it.
void say(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) log::event(line);
}

std::string section(const std::string& title, const std::vector<std::string>& lines) {
  std::string text = title + (lines.empty() ? ": nothing\n" : ":\n");
  for (std::size_t i = 0; i < lines.size() && i < kMostLines; ++i) text += "  " + lines[i] + "\n";
  if (lines.size() > kMostLines)
    text += "  and " + std::to_string(lines.size() - kMostLines) + " more\n";
  return text;
}

}  // namespace

void DryRun::begin(Config* config) {
  if (!config->dry_run) return;
  directory_ = make_directory();
  config->output_dir = directory_;
  config->resume = {ResumeChoice::Kind::kNever, 0};
  config->files = FilesChoice::kKeep;
  config->keep = 1;
  // Nothing could be resumed after a stop: signals mean what they mean to python3.
  config->signals.clear();
  config->deadline_margin_ms = -1;
  config->requeue = config->slurm_comment = false;
  config->verify_snapshots = true;
  log::observe_events(note_event);
}

void DryRun::Spread::add(double value) {
  sum += value;
  most = std::max(most, value);
}

void DryRun::committed(double cut_s, double blocked_s, std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  ++snapshots_;
  cut_s_.add(cut_s);
  blocked_s_.add(blocked_s);
  bytes_.add(static_cast<double>(bytes));
  for (const std::string& who : waiting_for_) {
    Met& met = waited_[without_digits(who)];
    if (met.times++ == 0) met.text = who;
    met.longest_s = std::max(met.longest_s, cut_s);
  }
  waiting_for_.clear();
}

void DryRun::refused(const std::string& reason) {
  const std::scoped_lock lock(mutex_);
  Met& met = refused_[without_digits(reason)];
  if (met.times++ == 0) met.text = reason;
  waiting_for_.clear();
}

// "no common stop after 100 ms; rank 0: running (inside f at a.py:3); rank 2: ..."
void DryRun::waited(const std::string& who) {
  const std::scoped_lock lock(mutex_);
  const std::size_t reasons = who.find("; ");
  if (reasons != std::string::npos) waiting_for_.insert(who.substr(reasons + 2));
}

std::string DryRun::refusals() const {
  std::vector<std::string> lines;
  for (const auto& [key, met] : refused_)
    lines.push_back(std::to_string(met.times) + " x " + met.text);
  return section("refused", lines);
}

std::string DryRun::waits() const {
  std::vector<const Met*> all;
  for (const auto& [key, met] : waited_) all.push_back(&met);
  std::sort(all.begin(), all.end(),
            [](const Met* a, const Met* b) { return a->longest_s > b->longest_s; });
  std::vector<std::string> lines;
  lines.reserve(all.size());
  for (const Met* met : all)
    lines.push_back(format_duration(met->longest_s) + ", " + plural(met->times, "time") + ": " +
                    met->text);
  return section("longest waits for a safe point", lines);
}

std::string DryRun::largest_variables() const {
  inspect::Invocation invocation;
  invocation.path = directory_;
  std::ostringstream out;
  inspect::Terminal terminal(out, kWidth, false, false);
  try {
    inspect::show_summary(invocation, terminal);
  } catch (const std::exception& problem) {
    return std::string("largest variables: ") + problem.what() + "\n";
  }
  const std::string text = out.str();
  const std::size_t begin = text.find("largest variables");
  return begin == std::string::npos ? "" : "last snapshot: " + text.substr(begin);
}

void DryRun::report(std::uint64_t checked, std::uint64_t differ) const {
  const std::scoped_lock lock(mutex_);
  std::string text = "--dry-run: " + plural(snapshots_, "snapshot") + " of " +
                     plural(static_cast<std::uint64_t>(session::size()), "rank") +
                     " could have been resumed, " + std::to_string(checked) +
                     " loaded back on rank 0, " + std::to_string(differ) + " not as they were\n";
  if (snapshots_ > 0) {
    const auto n = static_cast<double>(snapshots_);
    const auto size = [](double bytes) { return format_bytes(static_cast<std::uint64_t>(bytes)); };
    text += "size " + size(bytes_.sum / n) + " (at most " + size(bytes_.most) + "), cut " +
            format_duration(cut_s_.sum / n) + " (at most " + format_duration(cut_s_.most) +
            "), blocked without loading back " + format_duration(blocked_s_.sum / n) +
            " (at most " + format_duration(blocked_s_.most) + ")\n";
    text += largest_variables();
  }
  text += refusals();
  {
    const std::scoped_lock not_saved(g_not_saved_mutex);
    text += section("not saved, of libraries", g_not_saved);
  }
  say(text + waits());
}

void DryRun::end() {
  if (!on()) return;
  std::error_code problem;
  std::filesystem::remove_all(directory_, problem);
  if (problem) log::error("cannot remove " + directory_ + ": " + problem.message());
}

}  // namespace chkpt::run
