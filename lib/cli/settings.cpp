// SPDX-License-Identifier: BSD-3-Clause
#include "cli/settings.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include <boost/program_options.hpp>

#include "base/error.hpp"

namespace chkpt::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* kCommandLine = "command line";

po::options_description describe() {
  po::options_description description;
  for (const auto& setting : all_settings()) {
    const std::string names =
        setting.letter ? std::string(setting.key) + "," + setting.letter : setting.key;
    if (setting.takes_value)
      description.add_options()(names.c_str(), po::value<std::string>(), "");
    else
      description.add_options()(names.c_str(), "");
  }
  return description;
}

// A switch that is there means yes; its variable and its line in the file say yes or no.
std::string text_of(const po::option& option) {
  if (const Setting* setting = find_setting(option.string_key); !setting->takes_value) return "yes";
  return option.value.empty() ? "" : option.value.front();
}

// Boost names a registered option by its long name, however it was written.
void apply(const po::option& option, CommandLine& line, int& verbosity) {
  const std::string& key = option.string_key;
  if (key == "help")
    line.help = true;
  else if (key == "version")
    line.version = true;
  else if (key == "show-config")
    line.show_config = true;
  else if (key == "load-back")
    line.load_back = text_of(option);
  else if (key == "quiet")
    verbosity = -1;
  else if (key == "verbose")
    verbosity = std::max(verbosity, 0) + 1;
  else
    line.values[key] = {text_of(option), kCommandLine};
  if (key == "quiet" || key == "verbose")
    line.values["verbose"] = {std::to_string(std::min(verbosity, 2)), kCommandLine};
}

std::string trimmed(std::string_view text) {
  const char* blanks = " \t\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

constexpr Setting kSettings[] = {
    {"output-dir", 'o', true, "DIR", "",
     "directory of this run's checkpoints (default: ./checkpoints/<run id>)"},
    {"run-id", 0, true, "NAME", "",
     "name of the run (default: the Slurm job, else made from the script and its arguments)"},
    {"frequency", 'f', true, "MS", "600000",
     "milliseconds between snapshots; 0 as often as possible, -1 only when asked"},
    {"interval", 0, true, "TIME", "", "the same with units: 30s, 10m, 1h"},
    {"min-obj-size", 'z', true, "BYTES", "-1",
     "with --mode tracked: also take containers and arrays among the script's globals that are "
     "at least this large; -1 takes tracked objects only"},
    {"mode", 0, true, "MODE", "continue",
     "continue: resume where the script was; tracked: run it from the top again and restore the "
     "contents of tracked objects"},
    {"resume", 0, true, "WHICH", "auto",
     "auto: from the newest good snapshot, else from the start; must: stop with code 74 if there "
     "is none; never: start afresh; EPOCH: this snapshot or stop"},
    {"keep", 0, true, "N", "2", "number of snapshots to keep"},
    {"files", 0, true, "WHAT", "undo",
     "undo: a resume takes back what the script did to files after the snapshot (appended, made, "
     "overwritten, renamed, removed); keep: it leaves them alone"},
    {"stdout", 0, true, "FILE", "",
     "the script's standard output goes to this file, as with `> FILE`, and a resume cuts off "
     "what was written after the snapshot; %r in its name is the rank, without it all ranks "
     "append to one file"},
    {"copy-limit", 0, true, "BYTES", "16G",
     "largest open file that a snapshot copies: HDF5 files open for writing, files without a name"},
    {"signal", 0, true, "LIST", "USR1,USR2,TERM",
     "signals that take a snapshot and then stop the run with code 75, to be started again; "
     "none: no signal"},
    {"cut-timeout", 0, true, "TIME", "30s",
     "give up a snapshot when the ranks cannot all be stopped within this time"},
    {"deadline-margin", 0, true, "TIME", "30s",
     "in a Slurm job: how long before its time limit the last snapshot is to be committed and "
     "the run stopped with code 75; none: do not plan for the limit"},
    {"requeue", 0, false, "", "no",
     "in a Slurm job: after stopping with code 75, ask Slurm to start the job again"},
    {"slurm-comment", 0, false, "", "no",
     "in a Slurm job: note each snapshot in the job's comment (squeue -o %k)"},
    {"verify-snapshots", 0, false, "", "no",
     "load each snapshot back in another process before it is committed; one that is not exactly "
     "what the script had is dropped, and the difference named"},
    {"trial-after", 0, true, "TIME", "60s",
     "the first snapshot after this long is loaded back as a trial on two ranks, and a message "
     "says "
     "whether a resume would find what the script had; none: never"},
    {"torture", 0, true, "MS[:kill]", "",
     "for tests: snapshots at random moments, MS milliseconds apart on average, each loaded back "
     "and compared; differences end in exit code 70; with :kill the run ends by SIGKILL after "
     "some of them"},
    {"dry-run", 0, false, "", "no",
     "run the script with snapshots (one a second, or -f) that are loaded back, compared and "
     "thrown away; at the end a report on standard error tells what would be saved, what is "
     "refused, and where snapshots have to wait"},
    {"torture-seed", 0, true, "N", "", "repeat the random choices of an earlier --torture"},
    {"load-back", 0, true, "FILE", nullptr,
     "instead of running a script: load a rank's file, save it again, and tell what differs"},
    {"config", 0, true, "FILE", "./chkpt.conf",
     "configuration file of lines `option = value`; the default one need not exist"},
    {"verbose", 'v', false, "", "0", "say more; twice: say everything (CHKPT_VERBOSE=1, 2)"},
    {"quiet", 'q', false, "", nullptr, "say nothing but errors (CHKPT_VERBOSE=-1)"},
    {"show-config", 0, false, "", nullptr, "print every option's value and origin, and exit"},
    {"version", 'V', false, "", nullptr, "print the version and exit"},
    {"help", 'h', false, "", nullptr, "print this text and exit"},
};

}  // namespace

const std::vector<Setting>& all_settings() {
  static const std::vector<Setting> settings(std::begin(kSettings), std::end(kSettings));
  return settings;
}

const Setting* find_setting(std::string_view key) {
  for (const auto& setting : all_settings())
    if (key == setting.key) return &setting;
  return nullptr;
}

const Setting* find_setting(char letter) {
  for (const auto& setting : all_settings())
    if (letter != 0 && letter == setting.letter) return &setting;
  return nullptr;
}

CommandLine from_command_line(const std::vector<std::string>& ours) {
  using namespace po::command_line_style;
  const int style = allow_long | long_allow_adjacent | long_allow_next | allow_short |
                    short_allow_next | allow_dash_for_short;  // no allow_guessing
  const po::options_description description = describe();
  CommandLine line;
  try {
    const auto parsed = po::command_line_parser(ours).options(description).style(style).run();
    int verbosity = 0;
    for (const auto& option : parsed.options) apply(option, line, verbosity);
  } catch (const po::error& error) {
    throw UsageError(std::string(error.what()) + " (see chkpt-mpi --help)");
  }
  return line;
}

std::string environment_name(std::string_view key) {
  std::string name = "CHKPT_";
  for (const char c : key)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

Values from_environment() {
  Values values;
  for (const auto& setting : all_settings()) {
    if (!setting.default_value) continue;
    const std::string name = environment_name(setting.key);
    const char* text = std::getenv(name.c_str());
    if (text && *text) values[setting.key] = {text, "environment " + name};
  }
  return values;
}

Values from_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw UsageError("cannot read " + path + ": " + std::strerror(errno));
  Values values;
  std::string text;
  for (int number = 1; std::getline(file, text); number++) {
    const std::string line = trimmed(text);
    if (line.empty() || line[0] == '#') continue;
    const std::string where = path + ":" + std::to_string(number);
    const auto equals = line.find('=');
    if (equals == std::string::npos) throw UsageError(where + ": expected `option = value`");
    const std::string key = trimmed(line.substr(0, equals));
    const Setting* setting = find_setting(key);
    if (!setting || !setting->default_value || key == "config")
      throw UsageError(where + ": unknown option '" + key + "'");
    const std::string value = line.substr(equals + 1);
    values[key] = {trimmed(value.substr(0, value.find(" #"))), where};
  }
  if (file.bad()) throw UsageError("cannot read " + path + ": " + std::strerror(errno));
  return values;
}

}  // namespace chkpt::cli
