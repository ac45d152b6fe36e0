// SPDX-License-Identifier: BSD-3-Clause
// chkpt-inspect check: reads every byte of a snapshot, or of all snapshots of a run, compares every
// hash, scans every pickle, and says which snapshot a resume on this machine would take. Does not
// run Python, so versions of packages are not compared.
#include <filesystem>
#include <set>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/units.hpp"
#include "inspect/commands.hpp"
#include "inspect/rank_contents.hpp"
#include "inspect/text.hpp"

namespace chkpt::inspect {
namespace {

struct Verdict {
  store::SnapshotRef ref;
  std::vector<std::string> problems;  // damage: it is not resumed from
  std::vector<std::string> notes;     // what a resume here would miss
  std::uint64_t bytes = 0;
  int ranks = 0;
  bool suspect = false;
  bool incomplete = false;
  bool superseded = false;  // a resume does not take it, whole as it may be
};

bool is_file(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

// Files the script had open are reopened at their position.
void note_missing_files(const RankFacts& facts, std::set<std::string>* notes) {
  for (const OpenFile& file : facts.files()) {
    std::error_code error;
    if (!is_file(file.path)) {
      notes->insert("open file is missing: " + file.path);
    } else if (std::filesystem::file_size(file.path, error) < file.size && !error) {
      notes->insert("open file became shorter: " + file.path);
    }
  }
  const std::string kind = facts.text("launch", "kind");
  namespace fs = std::filesystem;
  const std::string named = facts.text("script");
  const std::string script = named.empty() ? "" : (fs::path(facts.text("cwd")) / named).string();
  if ((kind == "script" || kind.empty()) && !script.empty() && !is_file(script)) {
    notes->insert("script is missing: " + script);
  }
}

Verdict check_snapshot(const Target& target, store::SnapshotRef ref) {
  Verdict out;
  out.incomplete = ref.state == store::SnapshotState::kIncomplete && target.rank_file.empty();
  out.superseded = ref.state == store::SnapshotState::kSuperseded;
  if (out.superseded) ref.state = store::SnapshotState::kCommitted;
  out.ref = ref;
  if (ref.state != store::SnapshotState::kCommitted && target.rank_file.empty()) {
    out.problems.push_back(ref.reason);
    return out;
  }
  std::set<std::string> notes;
  if (out.superseded) notes.insert("not resumed any more: " + ref.reason);
  for (const int rank : ranks_of(target, ref)) {
    try {
      const RankContents contents = RankContents::load(target, ref, rank);
      out.bytes += contents.file().file_bytes().size;
      ++out.ranks;
      note_missing_files(contents.facts(), &notes);
    } catch (const Error& e) {
      out.problems.emplace_back(e.what());
    }
  }
  out.notes.assign(notes.begin(), notes.end());
  return out;
}

std::vector<Verdict> check_target(const Target& target) {
  std::vector<Verdict> out;
  if (!target.rank_file.empty() && target.snapshot_path.empty()) {
    out.push_back(check_snapshot(target, snapshot_of(target)));
  } else if (!target.snapshot_path.empty()) {
    out.push_back(check_snapshot(target, store::inspect_snapshot(target.snapshot_path)));
  } else {
    const store::RunDirectory run = store::RunDirectory::open(target.run_path);
    for (const store::SnapshotRef& ref : run.snapshots()) {
      Verdict verdict = check_snapshot(target, ref);
      verdict.suspect = run.suspect(ref.epoch);
      out.push_back(std::move(verdict));
    }
    if (out.empty()) throw UsageError(printable(target.run_path) + ": holds no snapshot");
  }
  return out;
}

// Suspect ones come last, as in store::WalkBack.
const Verdict* resumable(const std::vector<Verdict>& verdicts) {
  for (const bool suspect : {false, true}) {
    for (const Verdict& v : verdicts) {
      if (v.problems.empty() && !v.superseded && v.suspect == suspect) return &v;
    }
  }
  return nullptr;
}

void print_json(const std::vector<Verdict>& verdicts, Terminal& terminal) {
  Json snapshots = Json::array();
  for (const Verdict& v : verdicts) {
    snapshots.push_back({{"name", v.ref.name},
                         {"path", v.ref.path},
                         {"epoch", v.ref.epoch},
                         {"intact", v.problems.empty()},
                         {"incomplete", v.incomplete},
                         {"superseded", v.superseded},
                         {"suspect", v.suspect},
                         {"nranks", v.ref.manifest.nranks},
                         {"ranks_intact", v.ranks},
                         {"bytes", v.bytes},
                         {"problems", v.problems},
                         {"notes", v.notes}});
  }
  const Verdict* resume = resumable(verdicts);
  const Json out{{"schema", "chkpt-inspect/check/1"},
                 {"snapshots", snapshots},
                 {"resume_epoch", resume == nullptr ? Json() : Json(resume->ref.epoch)}};
  terminal.out() << dump_json(out, 2) << '\n';
}

void print(const Verdict& v, Terminal& terminal) {
  const bool intact = v.problems.empty();
  std::string head = "epoch " + std::to_string(v.ref.epoch) + ": ";
  if (v.incomplete) {
    head += "incomplete: never committed";
  } else if (intact) {
    head += "intact: " + plural(static_cast<std::uint64_t>(v.ranks), "rank file") + ", " +
            format_bytes(v.bytes) + ", every block verified";
  } else {
    head += "DAMAGED";
  }
  if (v.suspect) head += "; suspect: failed right after two resumes";
  if (v.superseded) head += "; superseded";
  terminal.line(head, intact ? Style::kGood : v.incomplete ? Style::kDim : Style::kBad);
  if (v.incomplete) return;
  for (const std::string& p : v.problems)
    terminal.field("", printable(without_directory(p, v.ref.path)), Style::kBad);
  for (const std::string& n : v.notes) terminal.line("  note: " + printable(n));
}

}  // namespace

int show_check(const Invocation& invocation, Terminal& terminal) {
  const std::vector<Verdict> verdicts = check_target(resolve_target(invocation.path));
  const Verdict* resume = resumable(verdicts);
  if (invocation.json) {
    print_json(verdicts, terminal);
  } else {
    for (const Verdict& v : verdicts) print(v, terminal);
    terminal.line(resume == nullptr
                      ? "a resume finds nothing it can use"
                      : "a resume takes epoch " + std::to_string(resume->ref.epoch) + " with " +
                            plural(static_cast<std::uint64_t>(resume->ref.manifest.nranks), "rank"),
                  resume == nullptr ? Style::kBad : Style::kBold);
  }
  bool damaged = resume == nullptr;
  for (const Verdict& v : verdicts) damaged = damaged || (!v.problems.empty() && !v.incomplete);
  return damaged ? kDamaged : kFine;
}

}  // namespace chkpt::inspect
