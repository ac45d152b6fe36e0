// SPDX-License-Identifier: BSD-3-Clause
#include "cli/options.hpp"

#include <algorithm>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstring>
#include <functional>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "base/error.hpp"
#include "base/units.hpp"
#include "cli/help.hpp"
#include "cli/settings.hpp"
#include "cli/split.hpp"

namespace chkpt::cli {
namespace {

constexpr const char* kDefaultConfig = "./chkpt.conf";
// Signals by which the system tells of a fault or stops the process outright.
constexpr int kNoTrigger[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE,
                              SIGILL,  SIGABRT, SIGTRAP, SIGSYS, SIGCHLD};

std::int64_t whole_number(std::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most)
    throw UsageError("'" + std::string(text) + "' is not a whole number of at least " +
                     std::to_string(least));
  return number;
}

std::int64_t duration(std::string_view text, std::int64_t least) {
  const std::int64_t ms = parse_duration_ms(text);
  if (ms < least) throw UsageError("'" + std::string(text) + "' is too short a time");
  return ms;
}

run::Mode mode(std::string_view text) {
  if (text == "continue") return run::Mode::kContinue;
  if (text == "tracked") return run::Mode::kTracked;
  throw UsageError("'" + std::string(text) + "' is neither continue nor tracked");
}

run::ResumeChoice resume(std::string_view text) {
  using Kind = run::ResumeChoice::Kind;
  if (text == "auto") return {Kind::kAuto, 0};
  if (text == "never") return {Kind::kNever, 0};
  if (text == "must") return {Kind::kMust, 0};
  std::uint64_t epoch = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (error != std::errc() || end != text.data() + text.size() || text.empty())
    throw UsageError("'" + std::string(text) +
                     "' is neither auto, never, must nor the number of a snapshot");
  return {Kind::kEpoch, epoch};
}

run::FilesChoice files(std::string_view text) {
  if (text == "undo") return run::FilesChoice::kUndo;
  if (text == "keep") return run::FilesChoice::kKeep;
  throw UsageError("'" + std::string(text) + "' is neither undo nor keep");
}

run::Torture torture(std::string_view text) {
  constexpr std::string_view kKill = ":kill";
  run::Torture torture;
  const auto colon = text.find(':');
  torture.kill = colon != std::string_view::npos;
  if (torture.kill && text.substr(colon) != kKill)
    throw UsageError("'" + std::string(text) + "' is not milliseconds, or milliseconds:kill");
  torture.mean_ms = whole_number(text.substr(0, colon), 1, INT64_MAX / 1000000);
  return torture;
}

bool yes_or_no(std::string_view text) {
  if (text == "yes") return true;
  if (text == "no") return false;
  throw UsageError("'" + std::string(text) + "' is neither yes nor no");
}

int signal_number(std::string_view name) {
  if (name.substr(0, 3) == "SIG") name.remove_prefix(3);
  for (int number = 1; number < NSIG; number++) {
    const char* known = ::sigabbrev_np(number);
    if (!known || name != known) continue;
    if (std::find(std::begin(kNoTrigger), std::end(kNoTrigger), number) == std::end(kNoTrigger))
      return number;
    throw UsageError("SIG" + std::string(name) + " cannot ask for a snapshot");
  }
  throw UsageError("'" + std::string(name) + "' is not a signal (USR1,USR2,TERM,... or none)");
}

std::vector<int> signals(std::string_view text) {
  std::vector<int> numbers;
  if (text == "none") return numbers;
  for (;;) {
    const auto comma = text.find(',');
    const int number = signal_number(text.substr(0, comma));
    if (std::find(numbers.begin(), numbers.end(), number) == numbers.end())
      numbers.push_back(number);
    if (comma == std::string_view::npos) return numbers;
    text.remove_prefix(comma + 1);
  }
}

// Becomes part of a path: a plain file name.
std::string run_id(const std::string& text) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) || std::strchr("._-", c); };
  if (text.size() > 36 || text[0] == '.' || !std::all_of(text.begin(), text.end(), fits))
    throw UsageError("'" + text + "' is not at most 36 letters, digits, '.', '_', '-'");
  return text;
}

// Every setting with a value, from the highest layer that has one.
Values resolve(const CommandLine& line, const Values& environment, const Values& file) {
  Values values;
  for (const auto& setting : all_settings()) {
    if (!setting.default_value) continue;
    values[setting.key] = {setting.default_value, "default"};
    for (const Values* layer : {&file, &environment, &line.values})
      if (const auto found = layer->find(setting.key); found != layer->end())
        values[setting.key] = found->second;
  }
  return values;
}

// -f and --interval are one setting under two names: the higher layer wins, both in one are a
// contradiction.
void choose_frequency_or_interval(const std::vector<const Values*>& highest_first, Values& values) {
  for (const Values* layer : highest_first) {
    const bool frequency = layer->count("frequency") != 0;
    const bool interval = layer->count("interval") != 0;
    if (frequency && interval)
      throw UsageError("frequency and interval are both given (" +
                       layer->find("interval")->second.origin + "): give one");
    if (frequency) values["interval"] = {"", "default"};
    if (interval) values["frequency"] = {"", "set by interval"};
    if (frequency || interval) return;
  }
}

void convert(const Values& values, run::Config& config) {
  const auto set = [&values](const char* key, const std::function<void(const std::string&)>& use) {
    const Value& value = values.find(key)->second;
    if (value.text.empty() && value.origin != "command line") return;
    try {
      if (value.text.empty()) throw UsageError("needs a value");
      use(value.text);
    } catch (const UsageError& error) {
      throw UsageError("option --" + std::string(key) + " (" + value.origin + "): " + error.what());
    }
  };
  set("output-dir", [&](const auto& text) { config.output_dir = text; });
  set("run-id", [&](const auto& text) { config.run_id = run_id(text); });
  set("frequency",
      [&](const auto& text) { config.interval_ms = whole_number(text, -1, INT64_MAX / 1000000); });
  set("interval", [&](const auto& text) { config.interval_ms = duration(text, -1); });
  set("min-obj-size", [&](const auto& text) { config.min_obj_size = parse_bytes(text); });
  set("mode", [&](const auto& text) { config.mode = mode(text); });
  set("resume", [&](const auto& text) { config.resume = resume(text); });
  set("keep",
      [&](const auto& text) { config.keep = static_cast<int>(whole_number(text, 1, INT_MAX)); });
  set("files", [&](const auto& text) { config.files = files(text); });
  set("stdout", [&](const auto& text) { config.standard_output = text; });
  set("copy-limit", [&](const auto& text) {
    const std::int64_t bytes = parse_bytes(text);
    if (bytes < 0) throw UsageError("'" + text + "' is not a size");
    config.copy_limit = static_cast<std::uint64_t>(bytes);
  });
  set("signal", [&](const auto& text) { config.signals = signals(text); });
  set("cut-timeout", [&](const auto& text) { config.cut_timeout_ms = duration(text, 1); });
  set("deadline-margin", [&](const auto& text) {
    config.deadline_margin_ms = text == "none" ? -1 : duration(text, 0);
  });
  set("requeue", [&](const auto& text) { config.requeue = yes_or_no(text); });
  set("slurm-comment", [&](const auto& text) { config.slurm_comment = yes_or_no(text); });
  set("verify-snapshots", [&](const auto& text) { config.verify_snapshots = yes_or_no(text); });
  set("trial-after",
      [&](const auto& text) { config.trial_after_ms = text == "none" ? -1 : duration(text, 0); });
  set("torture", [&](const auto& text) {
    config.torture = torture(text);
    config.interval_ms = config.torture.mean_ms;
    config.verify_snapshots = true;
  });
  set("dry-run", [&](const auto& text) {
    constexpr std::int64_t kOften_ms = 1000;
    config.dry_run = yes_or_no(text);
    const auto given = [&](const char* key) {
      return values.find(key)->second.origin != "default";
    };
    if (config.dry_run && !given("frequency") && !given("interval")) config.interval_ms = kOften_ms;
  });
  set("torture-seed", [&](const auto& text) {
    config.torture.seed = static_cast<std::uint64_t>(whole_number(text, 1, INT64_MAX));
  });
  set("verbose",
      [&](const auto& text) { config.verbosity = static_cast<int>(whole_number(text, -1, 2)); });
}

Values read_config_file(const CommandLine& line, const Values& environment) {
  for (const Values* layer : {&line.values, &environment})
    if (const auto found = layer->find("config"); found != layer->end())
      return from_file(found->second.text);
  return ::access(kDefaultConfig, F_OK) == 0 ? from_file(kDefaultConfig) : Values();
}

}  // namespace

ParseResult parse(const std::vector<std::string>& argv) {
  SplitLine split_line =
      split(std::vector<std::string>(argv.begin() + (argv.empty() ? 0 : 1), argv.end()));
  const CommandLine line = from_command_line(split_line.ours);
  ParseResult result;
  if (line.help || line.version) {
    result.answer = line.help ? help_text() : version_text();
    return result;
  }
  const Values environment = from_environment();
  const Values file = read_config_file(line, environment);
  Values values = resolve(line, environment, file);
  choose_frequency_or_interval({&line.values, &environment, &file}, values);
  convert(values, result.config);
  for (const auto& setting : all_settings())
    if (const auto found = values.find(setting.key); found != values.end())
      result.settings.push_back({setting.key, found->second.text, found->second.origin});
  if (line.show_config) {
    result.answer = config_text(result.settings);
    return result;
  }
  result.load_back = line.load_back;
  if (!result.load_back.empty()) return result;
  if (!split_line.has_target)
    throw UsageError("no script given: chkpt-mpi [options] script.py [arguments] (see --help)");
  result.config.launch = std::move(split_line.launch);
  python::resolve_target(result.config.launch);
  return result;
}

bool is_started_as_python(const char* argv0) {
  if (!argv0) return false;
  const char* slash = std::strrchr(argv0, '/');
  return std::strncmp(slash ? slash + 1 : argv0, "python", 6) == 0;
}

}  // namespace chkpt::cli
