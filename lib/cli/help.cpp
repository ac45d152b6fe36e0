// SPDX-License-Identifier: BSD-3-Clause
#include "cli/help.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "cli/settings.hpp"

namespace chkpt::cli {
namespace {

constexpr std::size_t kHelpColumn = 30;
constexpr std::size_t kWidth = 96;

constexpr const char* kUsage =
    "usage: chkpt-mpi [options] script.py [arguments]\n"
    "       chkpt-mpi [options] (-m module | -c code | - | directory | file.zip) [arguments]\n"
    "       mpirun -n 4 chkpt-mpi [options] script.py [arguments]\n"
    "\n"
    "Runs a Python script as python3 would, takes snapshots of it, and continues it from the "
    "newest\n"
    "one when the same command is given again after an interruption.\n"
    "\n"
    "options:\n";

constexpr const char* kNotes =
    "\n"
    "Options end at the script, -m, -c, - or --. Python's -u -O -OO -B -E -I -P -s -S -b -bb -W "
    "-X\n"
    "are taken too; Python's -v and -q are not (they are ours), PYTHON* variables work as always.\n"
    "Every option is also a variable (CHKPT_KEEP=3) and a line of the configuration file (keep = "
    "3).\n"
    "Exit codes: the script's own; 2 wrong usage; 70 a difference (--torture, --dry-run); 74 "
    "could\n"
    "not resume; 75 stopped after a snapshot, to be started again; 76 a newer start of the same "
    "run "
    "has\n"
    "taken over.\n";

// Breaks `text` into lines that continue under its first word.
std::string wrapped(std::string_view text) {
  std::string lines;
  while (text.size() > kWidth - kHelpColumn) {
    const auto space = text.rfind(' ', kWidth - kHelpColumn);
    lines.append(text.substr(0, space)).append("\n").append(kHelpColumn, ' ');
    text.remove_prefix(space + 1);
  }
  return lines.append(text);
}

}  // namespace

std::string help_text() {
  std::ostringstream text;
  text << kUsage;
  for (const auto& setting : all_settings()) {
    std::string names = setting.letter ? std::string("  -") + setting.letter + ", " : "      ";
    names.append("--").append(setting.key);
    if (setting.takes_value) names.append(" ").append(setting.value_name);
    names.resize(std::max(names.size() + 1, kHelpColumn), ' ');
    std::string help = setting.help;
    if (setting.takes_value && setting.default_value && *setting.default_value)
      help.append(" (default: ").append(setting.default_value).append(")");
    text << names << wrapped(help) << '\n';
  }
  text << kNotes;
  return text.str();
}

std::string version_text() {
  return "chkpt-mpi " CHKPT_VERSION " (Python " CHKPT_PYTHON_VERSION ")\n";
}

std::string config_text(const std::vector<ShownSetting>& settings) {
  std::ostringstream text;
  for (const auto& setting : settings) {
    std::string line = setting.key + " = " + setting.value;
    if (setting.value.empty() || setting.key == "config") line.insert(0, "# ");
    line.resize(std::max<std::size_t>(line.size() + 2, 40), ' ');
    text << line << "# " << setting.origin << '\n';
  }
  return text.str();
}

}  // namespace chkpt::cli
