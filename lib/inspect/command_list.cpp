// SPDX-License-Identifier: BSD-3-Clause
// chkpt-inspect list: the snapshots of a run, newest first. Contents are read and checked in the
// order in which a resume tries them, until one is intact: that is the one a resume takes; the
// others are only looked at.
#include <ctime>
#include <map>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/units.hpp"
#include "inspect/commands.hpp"
#include "inspect/target.hpp"
#include "inspect/text.hpp"
#include "store/walk_back.hpp"

namespace chkpt::inspect {
namespace {

struct Entry {
  store::SnapshotRef ref;
  std::string state;  // valid, committed (contents not read), incomplete, superseded, damaged
  std::string reason;
  bool suspect = false;
  bool resume = false;
};

std::string fact(const Entry& entry, const char* key) {
  const auto found = entry.ref.manifest.facts.find(key);
  return found == entry.ref.manifest.facts.end() ? "" : found->second;
}

// Reads every rank file; the first complaint, or empty.
std::string first_damage(const store::SnapshotRef& ref) {
  for (const std::string& problem : store::verify_rank_files(ref)) {
    if (!problem.empty()) return problem;
  }
  return {};
}

// By name of the snapshot: what is wrong with those that were read, nothing for the one that a
// resume takes.
std::map<std::string, std::string> read_as_a_resume_would(const store::RunDirectory& run) {
  std::map<std::string, std::string> damage;
  store::WalkBack walk(run);
  while (const store::SnapshotRef* candidate = walk.candidate()) {
    const std::string problem = first_damage(*candidate);
    damage[candidate->name] = problem;
    if (problem.empty()) break;
    walk.reject(problem);
  }
  return damage;
}

std::string state_name(store::SnapshotState state) {
  switch (state) {
    case store::SnapshotState::kCommitted:
      return "committed";
    case store::SnapshotState::kIncomplete:
      return "incomplete";
    case store::SnapshotState::kSuperseded:
      return "superseded";
    case store::SnapshotState::kDamaged:
      break;
  }
  return "damaged";
}

std::vector<Entry> judge(const store::RunDirectory& run) {
  const auto damage = read_as_a_resume_would(run);
  std::vector<Entry> out;
  for (const store::SnapshotRef& ref : run.snapshots()) {
    Entry entry{ref, state_name(ref.state), ref.reason, run.suspect(ref.epoch), false};
    if (const auto read = damage.find(ref.name); read != damage.end()) {
      entry.reason = read->second;
      entry.resume = entry.reason.empty();
      entry.state = entry.resume ? "valid" : "damaged";
    }
    out.push_back(std::move(entry));
  }
  return out;
}

Json to_json(const Entry& entry) {
  Json facts = Json::object();
  for (const auto& [key, value] : entry.ref.manifest.facts) facts[key] = value;
  return {{"name", entry.ref.name},
          {"path", entry.ref.path},
          {"epoch", entry.ref.epoch},
          {"run_id", entry.ref.manifest.run_id},
          {"created_unix_ns", entry.ref.manifest.created_unix_ns},
          {"nranks", entry.ref.manifest.nranks},
          {"bytes", entry.ref.manifest.total_size()},
          {"state", entry.state},
          {"reason", entry.reason},
          {"suspect", entry.suspect},
          {"resume", entry.resume},
          {"facts", facts}};
}

void print_json(const store::RunDirectory& run, const std::vector<Entry>& entries,
                Terminal& terminal) {
  Json snapshots = Json::array();
  for (const Entry& entry : entries) snapshots.push_back(to_json(entry));
  Json out{{"schema", "chkpt-inspect/list/1"},
           {"run", run.path()},
           {"finished", nullptr},
           {"snapshots", snapshots}};
  if (const auto finished = run.finished()) {
    out["finished"] = {{"exit_code", finished->exit_code},
                       {"job", finished->job},
                       {"time_unix_ns", finished->time_unix_ns}};
  }
  terminal.out() << dump_json(out, 2) << '\n';
}

std::string state_text(const Entry& entry) {
  std::string out = entry.state;
  if (entry.suspect) out += ", suspect";
  if (entry.resume) out += ", resumes";
  return out;
}

void print_table(const store::RunDirectory& run, const std::vector<Entry>& entries,
                 Terminal& terminal) {
  terminal.line("run " + printable(run.path()), Style::kBold);
  if (const auto finished = run.finished()) {
    terminal.line("  finished with exit code " + std::to_string(finished->exit_code) + " at " +
                  clock_text(finished->time_unix_ns));
  }
  if (entries.empty()) terminal.line("  no snapshots");
  Table table({{"epoch", Table::Align::kRight},
               {"taken"},
               {"age", Table::Align::kRight},
               {"trigger", Table::Align::kLeft, 2},
               {"ranks", Table::Align::kRight},
               {"size", Table::Align::kRight},
               {"state", Table::Align::kLeft, 1}});
  for (const Entry& entry : entries) {
    const store::Manifest& m = entry.ref.manifest;
    const std::int64_t seconds = std::time(nullptr) - m.created_unix_ns / 1'000'000'000;
    const bool known = entry.ref.state == store::SnapshotState::kCommitted ||
                       entry.ref.state == store::SnapshotState::kSuperseded;
    table.row({std::to_string(entry.ref.epoch), known ? clock_text(m.created_unix_ns) : "-",
               known ? age_text(seconds) : "-", printable(fact(entry, "trigger")),
               known ? std::to_string(m.nranks) : "-", known ? format_bytes(m.total_size()) : "-",
               state_text(entry)});
  }
  if (!table.empty()) table.print(terminal);
  for (const Entry& entry : entries) {
    if (entry.reason.empty()) continue;
    terminal.line("  epoch " + std::to_string(entry.ref.epoch) + ": " +
                      printable(without_directory(entry.reason, entry.ref.path)),
                  entry.state == "damaged" ? Style::kBad : Style::kPlain);
  }
}

}  // namespace

int show_list(const Invocation& invocation, Terminal& terminal) {
  const Target target = resolve_target(invocation.path);
  if (target.run_path.empty()) {
    throw UsageError(printable(invocation.path) + ": does not lie in a run's directory");
  }
  const store::RunDirectory run = store::RunDirectory::open(target.run_path);
  const std::vector<Entry> entries = judge(run);
  if (invocation.json) {
    print_json(run, entries, terminal);
  } else {
    print_table(run, entries, terminal);
  }
  for (const Entry& entry : entries) {
    if (entry.state == "damaged") return kDamaged;
  }
  return kFine;
}

}  // namespace chkpt::inspect
