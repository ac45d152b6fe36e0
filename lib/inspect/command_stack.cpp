// SPDX-License-Identifier: BSD-3-Clause
// chkpt-inspect stack: where each rank stood, written like a traceback with the values of the local
// variables. Ranks that stood at the same place are shown once.
#include <fstream>
#include <map>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "base/json.hpp"
#include "inspect/commands.hpp"
#include "inspect/python_values.hpp"
#include "inspect/rank_contents.hpp"
#include "inspect/rank_groups.hpp"
#include "inspect/text.hpp"
#include "inspect/variables.hpp"

namespace chkpt::inspect {
namespace {

constexpr std::size_t kShownLocals = 30;
constexpr std::size_t kValueWidth = 200;
constexpr off_t kLargestSource = 16 << 20;

struct Group {
  std::vector<int> ranks;
  std::vector<StackLine> lines;
  std::vector<StackFrame> frames;
  std::vector<std::vector<std::pair<std::string, std::string>>> locals;  // name, value
};

// Lines of the source files as they are now; a checkpoint does not hold them.
class SourceLines {
 public:
  std::string line(const std::string& file, int number) {
    const auto [entry, is_new] = files_.try_emplace(file);
    if (is_new) read(file, &entry->second);
    if (number < 1 || static_cast<std::size_t>(number) > entry->second.size()) return {};
    std::string text = entry->second[static_cast<std::size_t>(number) - 1];
    text.erase(0, std::min(text.find_first_not_of(" \t"), text.size()));
    return text;
  }

 private:
  static void read(const std::string& file, std::vector<std::string>* lines) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    if (status.st_size > kLargestSource) return;
    std::ifstream in(file);
    for (std::string text; std::getline(in, text);) lines->push_back(text);
  }

  std::map<std::string, std::vector<std::string>> files_;
};

std::vector<std::pair<std::string, std::string>> local_values(const PythonObjects& objects,
                                                              const StackFrame& frame) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const NamedValue& v : frame.locals) {
    out.emplace_back(v.name, short_value(objects, v.value, kValueWidth));
  }
  return out;
}

// Frames of the pickle; where there is no stack in it (tracked mode), the recorded lines.
std::vector<StackFrame> frames_of(const RankContents& rank) {
  std::vector<StackFrame> out = rank.state().frames;
  if (!out.empty()) return out;
  for (const StackLine& line : rank.facts().stack()) {
    StackFrame frame;
    frame.file = line.file;
    frame.function = line.function;
    frame.line = line.line;
    out.push_back(frame);
  }
  return out;
}

std::vector<StackLine> lines_of(const std::vector<StackFrame>& frames) {
  std::vector<StackLine> out;
  out.reserve(frames.size());
  for (const StackFrame& f : frames) out.push_back({f.file, f.line, f.function});
  return out;
}

void add(const RankContents& rank, std::vector<Group>* groups) {
  const std::vector<StackFrame> frames = frames_of(rank);
  const std::vector<StackLine> lines = lines_of(frames);
  for (Group& group : *groups) {
    if (group.lines == lines) {
      group.ranks.push_back(rank.rank());
      return;
    }
  }
  Group group;
  group.ranks.push_back(rank.rank());
  group.lines = lines;
  group.frames = frames;
  for (const StackFrame& f : frames) group.locals.push_back(local_values(rank.objects(), f));
  groups->push_back(std::move(group));
}

Json to_json(const Group& group) {
  Json frames = Json::array();
  for (std::size_t i = 0; i < group.frames.size(); ++i) {
    Json locals = Json::array();
    for (const auto& [name, value] : group.locals[i]) {
      locals.push_back({{"name", name}, {"value", value}});
    }
    const StackFrame& f = group.frames[i];
    frames.push_back({{"file", f.file},
                      {"line", f.line > 0 ? Json(f.line) : Json()},
                      {"function", f.function},
                      {"locals", locals}});
  }
  return {{"ranks", group.ranks}, {"locals_of_rank", group.ranks.front()}, {"frames", frames}};
}

void print(const Group& group, SourceLines* sources, Terminal& terminal) {
  std::string title = rank_list(group.ranks);
  if (group.ranks.size() > 1) title += " (locals of rank " + std::to_string(group.ranks[0]) + ")";
  terminal.line(title + ", most recent call last:", Style::kBold);
  if (group.frames.empty()) terminal.line("  no call stack was saved");
  for (std::size_t i = 0; i < group.frames.size(); ++i) {
    const StackFrame& f = group.frames[i];
    terminal.line("  File \"" + printable(f.file) + "\"" +
                  (f.line > 0 ? ", line " + std::to_string(f.line) : "") + ", in " +
                  printable(f.function));
    const std::string source = sources->line(f.file, f.line);
    if (!source.empty()) terminal.line("    " + printable(source));
    std::size_t shown = 0;
    for (const auto& [name, value] : group.locals[i]) {
      if (shown++ == kShownLocals) break;
      terminal.line("      " + printable(name) + " = " + value, Style::kDim);
    }
    if (group.locals[i].size() > kShownLocals) {
      terminal.line("      and " + std::to_string(group.locals[i].size() - kShownLocals) + " more",
                    Style::kDim);
    }
  }
}

}  // namespace

int show_stack(const Invocation& invocation, Terminal& terminal) {
  const Target target = resolve_target(invocation.path);
  const store::SnapshotRef snapshot = snapshot_of(target);
  std::vector<Group> groups;
  for (const int rank : chosen_ranks(invocation, target, snapshot, RankChoice::kAll)) {
    add(RankContents::load(target, snapshot, rank), &groups);
  }
  if (invocation.json) {
    Json out{{"schema", "chkpt-inspect/stack/1"},
             {"path", snapshot.path},
             {"epoch", snapshot.epoch},
             {"stacks", Json::array()}};
    for (const Group& group : groups) out["stacks"].push_back(to_json(group));
    terminal.out() << dump_json(out, 2) << '\n';
    return kFine;
  }
  SourceLines sources;
  for (const Group& group : groups) print(group, &sources, terminal);
  return kFine;
}

}  // namespace chkpt::inspect
