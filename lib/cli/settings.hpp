// SPDX-License-Identifier: BSD-3-Clause
// The table of settings and the layers their values come from. The table is the one place that
// knows names, letters and defaults: the splitter, the parser, the environment, the configuration
// file, --help and --show-config all read it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chkpt::cli {

struct Setting {
  const char* key;  // --key, key = value
  char letter;      // 0 = none
  bool takes_value;
  const char* value_name;
  const char* default_value;  // null: a mere switch of the command line, no environment, no file
  const char* help;
};

const std::vector<Setting>& all_settings();
const Setting* find_setting(std::string_view key);  // null if unknown; no abbreviations
const Setting* find_setting(char letter);

struct Value {
  std::string text;
  std::string origin;
};
using Values = std::map<std::string, Value, std::less<>>;

// One layer each. Throw UsageError.
struct CommandLine {
  Values values;
  bool help = false, version = false, show_config = false;
  std::string load_back;
};
CommandLine from_command_line(const std::vector<std::string>& ours);  // as split() left them
Values from_environment();
Values from_file(const std::string& path);

// "CHKPT_OUTPUT_DIR" for "output-dir".
std::string environment_name(std::string_view key);

}  // namespace chkpt::cli
