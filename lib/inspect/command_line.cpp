// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/command_line.hpp"

#include <charconv>
#include <limits>

#include "base/error.hpp"
#include "inspect/commands.hpp"
#include "inspect/text.hpp"

namespace chkpt::inspect {
namespace {

int parse_number(const std::string& option, const std::string& text) {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || value < 0) {
    throw UsageError(option + " needs a number, not '" + printable(text) + "'");
  }
  return value;
}

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  Invocation parse() {
    while (at_ < arguments_.size()) word(arguments_[at_++]);
    if (out_.help || out_.version) return out_;
    take_operands();
    return out_;
  }

 private:
  void word(const std::string& text) {
    if (only_operands_ || text.size() < 2 || text[0] != '-') {
      operands_.push_back(text);
    } else if (text == "--") {
      only_operands_ = true;
    } else {
      option(text);
    }
  }

  void option(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (name == "-r" || name == "--rank") {
      const std::string value = value_of(text, equals);
      out_.every_rank = value == "all";
      if (!out_.every_rank) out_.rank = parse_number(name, value);
      return;
    }
    if (name == "--depth") {
      out_.depth = parse_number(name, value_of(text, equals));
      return;
    }
    if (name == "-n" || name == "--top") {
      out_.top = parse_number(name, value_of(text, equals));
      return;
    }
    if (!set_flag(text)) throw UsageError("unknown option '" + printable(text) + "'");
  }

  bool set_flag(const std::string& text) {
    bool* flag = nullptr;
    if (text == "--json") flag = &out_.json;
    if (text == "-a" || text == "--all") flag = &out_.all;
    if (text == "-w" || text == "--wide") flag = &out_.wide;
    if (text == "-h" || text == "--help") flag = &out_.help;
    if (text == "-V" || text == "--version") flag = &out_.version;
    if (flag != nullptr) *flag = true;
    return flag != nullptr;
  }

  std::string value_of(const std::string& text, std::size_t equals) {
    if (equals != std::string::npos) return text.substr(equals + 1);
    if (at_ == arguments_.size()) throw UsageError(text + " needs a value");
    return arguments_[at_++];
  }

  void take_operands() {
    std::size_t next = 0;
    if (!operands_.empty() && find_command(operands_[0]) != nullptr) {
      out_.command = operands_[next++];
    }
    if (next == operands_.size()) {
      throw UsageError("no PATH given: a rank file, checkpoint.h5, a snapshot's or a run's folder");
    }
    out_.path = operands_[next++];
    if (next < operands_.size() && out_.command == "tree") out_.glob = operands_[next++];
    if (next == operands_.size()) return;
    if (find_command(operands_[next]) != nullptr) {
      throw UsageError("the command goes first: chkpt-inspect " + operands_[next] + " PATH");
    }
    throw UsageError("unexpected argument '" + printable(operands_[next]) + "'");
  }

  const std::vector<std::string>& arguments_;
  std::size_t at_ = 0;
  bool only_operands_ = false;
  std::vector<std::string> operands_;
  Invocation out_;
};

}  // namespace

Invocation parse_command_line(const std::vector<std::string>& arguments) {
  return Parser(arguments).parse();
}

std::string help_text() {
  std::string out =
      "usage: chkpt-inspect [COMMAND] [OPTIONS] PATH [GLOB]\n"
      "\n"
      "Shows what is in a checkpoint of chkpt-mpi. PATH is a rank file, checkpoint.h5,\n"
      "the directory of a snapshot, or the directory of a run (its newest snapshot).\n"
      "Nothing in the checkpoint is executed; every file is verified before it is read.\n"
      "\n"
      "commands:\n";
  for (const Command& command : commands()) {
    std::string head = "  " + std::string(command.usage);
    head.resize(18, ' ');
    out += head + std::string(command.summary) + "\n";
  }
  out +=
      "\n"
      "options:\n"
      "  --json          machine-readable; the keys are documented in chkpt-inspect(1)\n"
      "  -r, --rank R    only rank R; 'all' for every rank\n"
      "  --depth N       tree: follow attributes and entries N levels (default 1)\n"
      "  -a, --all       tree: also modules, functions, classes and __names__\n"
      "  -n, --top N     summary: the N largest variables (default 10)\n"
      "  -w, --wide      do not cut lines to the width of the terminal\n"
      "  -h, --help      this text\n"
      "  -V, --version   the version\n"
      "\n"
      "exit status: 0 fine, 1 damaged, 2 trouble (no such file, wrong option ...)\n";
  return out;
}

std::string version_text() { return "chkpt-inspect " CHKPT_VERSION "\n"; }

}  // namespace chkpt::inspect
