// SPDX-License-Identifier: BSD-3-Clause
// chkpt-inspect summary: one page about a snapshot. Reads every rank's file, one at a time; ranks
// that stood at the same place and variables of the same name are told once.
#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/units.hpp"
#include "inspect/commands.hpp"
#include "inspect/rank_contents.hpp"
#include "inspect/rank_groups.hpp"
#include "inspect/text.hpp"
#include "inspect/variables.hpp"

namespace chkpt::inspect {
namespace {

constexpr int kDefaultTop = 10;
constexpr std::size_t kShownFrames = 4;

struct Place {
  std::vector<StackLine> stack;
  std::vector<int> ranks;
};

// A variable of one name on all ranks that have it.
struct Total {
  Variable first;        // as on the lowest rank
  bool differs = false;  // in type or shape
  std::uint64_t sum = 0;
  std::uint64_t smallest = 0;
  std::uint64_t largest = 0;
  std::uint64_t ranks = 0;
};

struct Summary {
  store::SnapshotRef snapshot;
  RankFacts facts;  // of the lowest intact rank
  std::vector<int> ranks;
  std::uint64_t bytes = 0;
  std::int64_t messages = 0;
  std::vector<Place> places;
  std::vector<Total> variables;  // largest first
  std::vector<std::pair<int, std::string>> damage;
};

void add_place(const RankContents& rank, std::vector<Place>* places) {
  const std::vector<StackLine> stack = rank.facts().stack();
  for (Place& place : *places) {
    if (place.stack == stack) {
      place.ranks.push_back(rank.rank());
      return;
    }
  }
  places->push_back({stack, {rank.rank()}});
}

void add_variables(const RankContents& rank, std::map<std::string, Total>* totals) {
  VariableQuery query;
  query.depth = 0;
  for (Variable& v : list_variables(rank.objects(), rank.state(), query).variables) {
    if (!v.alias_of.empty()) continue;
    const auto [entry, is_new] = totals->try_emplace(v.name);
    Total& total = entry->second;
    total.sum += v.bytes;
    total.smallest = is_new ? v.bytes : std::min(total.smallest, v.bytes);
    total.largest = std::max(total.largest, v.bytes);
    ++total.ranks;
    if (is_new) {
      total.first = std::move(v);
    } else if (v.type != total.first.type || v.shape != total.first.shape) {
      total.differs = true;
    }
  }
}

Summary collect(const Invocation& invocation, const Target& target) {
  Summary out;
  out.snapshot = snapshot_of(target);
  std::map<std::string, Total> totals;
  bool has_facts = false;
  for (const int rank : chosen_ranks(invocation, target, out.snapshot, RankChoice::kAll)) {
    out.ranks.push_back(rank);
    try {
      const RankContents contents = RankContents::load(target, out.snapshot, rank);
      if (!has_facts) out.facts = contents.facts();
      has_facts = true;
      out.bytes += contents.file().file_bytes().size;
      out.messages += contents.facts().number("mpi", "drained_messages");
      add_place(contents, &out.places);
      add_variables(contents, &totals);
    } catch (const FormatError& e) {
      out.damage.emplace_back(rank, e.what());
    }
  }
  for (auto& [name, total] : totals) out.variables.push_back(std::move(total));
  std::stable_sort(out.variables.begin(), out.variables.end(),
                   [](const Total& a, const Total& b) { return a.sum > b.sum; });
  const auto top = static_cast<std::size_t>(invocation.top.value_or(kDefaultTop));
  if (out.variables.size() > top) out.variables.resize(top);
  return out;
}

// --- JSON ----------------------------------------------------------------------------------------
Json to_json(const Total& t) {
  return {{"name", t.first.name},
          {"type", t.first.type},
          {"dtype", t.first.dtype.empty() ? Json() : Json(t.first.dtype)},
          {"shape", t.first.shape ? Json(*t.first.shape) : Json()},
          {"length", t.first.length ? Json(*t.first.length) : Json()},
          {"differs", t.differs},
          {"ranks", t.ranks},
          {"bytes", t.sum},
          {"bytes_min", t.smallest},
          {"bytes_max", t.largest}};
}

Json to_json(const Place& place) {
  Json stack = Json::array();
  for (const StackLine& l : place.stack) {
    stack.push_back({{"file", l.file}, {"line", l.line}, {"function", l.function}});
  }
  return {{"ranks", place.ranks}, {"stack", stack}};
}

Json to_json(const Summary& s) {
  Json packages = Json::object();
  for (const auto& [name, version] : s.facts.packages()) packages[name] = version;
  Json out{{"schema", "chkpt-inspect/summary/1"},
           {"path", s.snapshot.path},
           {"run_id", s.snapshot.manifest.run_id},
           {"epoch", s.snapshot.epoch},
           {"nranks", s.snapshot.manifest.nranks},
           {"bytes", s.bytes},
           {"taken_unix_ns", s.facts.number("time_unix_ns")},
           {"valid", s.damage.empty()},
           {"messages", s.messages},
           {"packages", packages},
           {"argv", s.facts.texts("argv")},
           {"job",
            {{"id", s.facts.text("job", "id")},
             {"restart_count", s.facts.number("job", "restart_count")}}},
           {"damage", Json::array()},
           {"variables", Json::array()},
           {"positions", Json::array()}};
  for (const char* key : {"trigger", "script", "cwd", "hostname", "python", "mode", "blocked_in"}) {
    out[key] = s.facts.text(key);
  }
  for (const auto& [rank, why] : s.damage) out["damage"].push_back({{"rank", rank}, {"why", why}});
  for (const Total& t : s.variables) out["variables"].push_back(to_json(t));
  for (const Place& p : s.places) out["positions"].push_back(to_json(p));
  return out;
}

// --- text ----------------------------------------------------------------------------------------
std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string taken_text(const RankFacts& facts) {
  const std::int64_t when = facts.number("time_unix_ns");
  if (when <= 0) return "-";
  const std::int64_t age = std::time(nullptr) - when / 1'000'000'000;
  std::string out = clock_text(when) + " (" + age_text(age) + " ago)";
  if (const std::string t = facts.text("trigger"); !t.empty()) out += ", trigger " + printable(t);
  return out;
}

std::string where_text(const RankFacts& facts) {
  std::string out = printable(facts.text("hostname"));
  const std::string job = facts.text("job", "id");
  if (!job.empty()) out += ", job " + printable(job);
  if (const auto n = facts.number("job", "restart_count"); n > 0) {
    out += ", restart " + std::to_string(n);
  }
  return out;
}

std::string software_text(const RankFacts& facts) {
  constexpr std::array<std::string_view, 8> kShown{"numpy", "scipy",  "mpi4py", "h5py",
                                                   "numba", "pandas", "torch",  "jax"};
  std::string out = "Python " + printable(facts.text("python"));
  for (const auto& [name, version] : facts.packages()) {
    if (std::find(kShown.begin(), kShown.end(), name) == kShown.end()) continue;
    out += ", " + name + " " + printable(version);
  }
  return out;
}

// "heat.py --n 100"
std::string script_text(const RankFacts& facts) {
  std::string out = printable(facts.text("script"));
  for (const std::string& argument : facts.texts("argv")) out += " " + printable(argument);
  return out;
}

void print_head(const Summary& s, Terminal& terminal) {
  const store::Manifest& m = s.snapshot.manifest;
  terminal.line("snapshot " + std::to_string(s.snapshot.epoch) + " of run " + printable(m.run_id),
                Style::kBold);
  terminal.field("script", script_text(s.facts));
  terminal.field("taken", taken_text(s.facts));
  if (const std::string where = where_text(s.facts); !where.empty()) terminal.field("on", where);
  terminal.field("ranks", std::to_string(m.nranks));
  terminal.field("size", format_bytes(s.bytes) + " in " + plural(s.ranks.size(), "file"));
  terminal.field("software", software_text(s.facts));
  if (s.messages > 0) terminal.field("messages", std::to_string(s.messages) + " in flight");
  if (const double cut = s.facts.real("timing_ms", "cut"); cut >= 0) {
    terminal.field("cut", format_duration(cut / 1000));
  }
  if (const std::string call = s.facts.text("blocked_in"); !call.empty()) {
    terminal.field("inside", printable(call));
  }
  terminal.field("path", printable(s.snapshot.path));
  if (s.damage.empty()) {
    terminal.field("state", "valid: every block verified", Style::kGood);
  } else {
    terminal.field("state", "DAMAGED: " + plural(s.damage.size(), "rank file"), Style::kBad);
    for (const auto& damaged : s.damage) {
      const std::string& why = damaged.second;
      terminal.field("", printable(without_directory(why, s.snapshot.path)), Style::kBad);
    }
  }
}

std::string each_text(const Total& t) {
  if (t.ranks == 1) return "";
  if (t.smallest == t.largest) return std::to_string(t.ranks) + " x " + format_bytes(t.largest);
  return format_bytes(t.smallest) + " to " + format_bytes(t.largest);
}

std::string type_text(const Total& t) {
  return t.differs ? kind_text(t.first, false) + " (differs)" : kind_text(t.first);
}

void print_variables(const Summary& s, Terminal& terminal) {
  if (s.variables.empty()) return;
  terminal.heading("largest variables, all ranks");
  Table table({{"name", Table::Align::kLeft, 1, Style::kName},
               {"type", Table::Align::kLeft, 2},
               {"bytes", Table::Align::kRight},
               {"per rank", Table::Align::kRight}});
  for (const Total& t : s.variables) {
    table.row({printable(t.first.name), type_text(t), format_bytes(t.sum), each_text(t)});
  }
  table.print(terminal);
}

void print_places(const Summary& s, Terminal& terminal) {
  if (s.places.empty()) return;
  terminal.heading("where the ranks stood, innermost call first");
  for (const Place& place : s.places) {
    terminal.line("  " + rank_list(place.ranks));
    if (place.stack.empty()) terminal.line("    no call stack was saved");
    for (std::size_t i = 0; i < place.stack.size(); ++i) {
      const StackLine& l = place.stack[place.stack.size() - 1 - i];
      if (i == kShownFrames && place.stack.size() > kShownFrames + 1) {
        terminal.line("    and " + plural(place.stack.size() - i, "more call"));
        break;
      }
      terminal.line("    " + printable(base_name(l.file)) + ":" + std::to_string(l.line) + " in " +
                    printable(l.function));
    }
  }
}

}  // namespace

int show_summary(const Invocation& invocation, Terminal& terminal) {
  const Summary summary = collect(invocation, resolve_target(invocation.path));
  if (invocation.json) {
    terminal.out() << dump_json(to_json(summary), 2) << '\n';
  } else {
    print_head(summary, terminal);
    print_variables(summary, terminal);
    print_places(summary, terminal);
  }
  return summary.damage.empty() ? kFine : kDamaged;
}

}  // namespace chkpt::inspect
