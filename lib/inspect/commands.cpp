// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/commands.hpp"

#include <new>
#include <ostream>

#include "base/error.hpp"
#include "inspect/text.hpp"

namespace chkpt::inspect {

const std::vector<Command>& commands() {
  static const std::vector<Command> all{
      {"summary", "summary", "what was saved, when and where it stood (the default)", show_summary},
      {"list", "list", "the snapshots of a run and which one a resume takes", show_list},
      {"tree", "tree [GLOB]", "the variables by name: type, shape, size, value", show_tree},
      {"stack", "stack", "the call stack with its local variables", show_stack},
      {"check", "check", "whether every byte is intact and a resume possible", show_check},
  };
  return all;
}

const Command* find_command(std::string_view name) {
  for (const Command& command : commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

namespace {

int run_checked(const std::vector<std::string>& arguments, std::ostream& out) {
  const Invocation invocation = parse_command_line(arguments);
  if (invocation.help || invocation.version) {
    out << (invocation.help ? help_text() : version_text());
    return kFine;
  }
  Terminal terminal = Terminal::of_stdout(out, invocation.wide);
  return find_command(invocation.command)->run(invocation, terminal);
}

int complain(std::ostream& err, const std::string& what, int status) {
  err << "chkpt-inspect: " << printable(what) << '\n';
  return status;
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  try {
    const int status = run_checked(arguments, out);
    if (!out.flush()) return complain(err, "cannot write to standard output", kTrouble);
    return status;
  } catch (const FormatError& e) {
    return complain(err, e.what(), kDamaged);
  } catch (const std::bad_alloc&) {
    return complain(err, "out of memory", kTrouble);
  } catch (const std::exception& e) {
    return complain(err, e.what(), kTrouble);
  }
}

}  // namespace chkpt::inspect
