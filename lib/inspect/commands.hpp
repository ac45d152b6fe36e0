// SPDX-License-Identifier: BSD-3-Clause
// The subcommands, each in a file of its own, and the program around them.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "inspect/command_line.hpp"
#include "inspect/terminal.hpp"

namespace chkpt::inspect {

enum ExitStatus : int { kFine = 0, kDamaged = 1, kTrouble = 2 };

struct Command {
  std::string_view name;
  std::string_view usage;
  std::string_view summary;
  // Writes to the terminal's stream. Throws Error for trouble with the whole PATH.
  int (*run)(const Invocation& invocation, Terminal& terminal);
};

const std::vector<Command>& commands();
const Command* find_command(std::string_view name);  // null if there is none

int show_summary(const Invocation& invocation, Terminal& terminal);
int show_list(const Invocation& invocation, Terminal& terminal);
int show_tree(const Invocation& invocation, Terminal& terminal);
int show_stack(const Invocation& invocation, Terminal& terminal);
int show_check(const Invocation& invocation, Terminal& terminal);

// The whole program: parses, runs, turns every error into one line on `err`.
int run_program(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace chkpt::inspect
