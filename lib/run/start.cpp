// SPDX-License-Identifier: BSD-3-Clause
#include "run/start.hpp"

#include <Python.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>

#include <unistd.h>

#include <boost/filesystem.hpp>

#include "base/log.hpp"
#include "mpi/session.hpp"
#include "run/messages.hpp"
#include "store/walk_back.hpp"

namespace chkpt::run {
namespace {

namespace session = mpi::session;

// How long a network file system may take to show another node a new file.
constexpr auto kSharedWithin = std::chrono::seconds(15);
constexpr auto kLookAgainAfter = std::chrono::milliseconds(20);

// Rank 0's word to all ranks, as JSON: {"do": "resume"|"fresh"|"leave"|"usage"|"io", ...}.
Json announce(const Json& word) {
  return parse_json(session::broadcast(session::rank() == 0 ? dump_json(word) : std::string()),
                    "the word of rank 0");
}

// Runs rank 0's part and turns its exceptions into a word that makes all ranks throw the same.
template <class F>
Json rank0_says(F&& f) {
  Json word;
  if (session::rank() == 0) {
    try {
      word = f();
    } catch (const UsageError& error) {
      word = {{"do", "usage"}, {"text", error.what()}};
    } catch (const Error& error) {
      word = {{"do", "error"}, {"text", error.what()}};
    }
  }
  word = announce(word);
  if (word["do"] == "usage") throw UsageError(word["text"].get<std::string>());
  if (word["do"] == "error") throw Error(word["text"].get<std::string>());
  return word;
}

std::string directory_path(const Config& config, const std::string& run_id) {
  const std::string path = config.output_dir.empty() ? "checkpoints/" + run_id : config.output_dir;
  return boost::filesystem::absolute(path).lexically_normal().string();
}

std::string fact(const store::SnapshotRef& snapshot, const std::string& key) {
  const auto found = snapshot.manifest.facts.find(key);
  return found == snapshot.manifest.facts.end() ? std::string() : found->second;
}

// The facts that must be the same before a snapshot may be continued here.
void require_same(const store::SnapshotRef& snapshot, const Program& program, int nranks,
                  const char* mode, const std::string& directory) {
  const std::string way_out = "; start it the same way, or use --resume=never";
  if (fact(snapshot, "identity") != program.identity) {
    throw UsageError(directory + " belongs to another script or other arguments (" +
                     fact(snapshot, "script") +
                     "); choose another --output-dir, or use --resume=never");
  }
  if (snapshot.manifest.nranks != nranks) {
    throw UsageError(directory + " holds snapshots of " + std::to_string(snapshot.manifest.nranks) +
                     " ranks, this job has " + std::to_string(nranks) + way_out);
  }
  if (fact(snapshot, "mode") != mode) {
    throw UsageError(directory + " was written with --mode " + fact(snapshot, "mode") + way_out);
  }
  if (fact(snapshot, "python") != Py_GetVersion()) {
    throw UsageError(directory + " was written by Python " + fact(snapshot, "python") +
                     ", this is " + Py_GetVersion() + way_out);
  }
}

// Rank 0's view of the run's directory while a start is being decided.
class Chooser {
 public:
  Chooser(const Config& config, const Program& program, const Job& job,
          store::RunDirectory& directory)
      : config_(config), program_(program), job_(job), directory_(directory) {}

  // Before any snapshot is tried. May change the directory: marks are cleared, the run is claimed.
  Json open(store::Generation* generation) {
    const auto end = directory_.finished();
    if (end && ended_before_restart(*end) && config_.resume.kind != ResumeChoice::Kind::kNever) {
      return {{"do", "leave"}, {"code", 0}, {"text", finished_text(*end)}};
    }
    *generation = generation_ = directory_.claim(job_.text());
    base_epoch_ = directory_.highest_epoch();
    const bool afresh = config_.resume.kind == ResumeChoice::Kind::kNever || end;
    if (afresh) {
      if (end && config_.resume.kind == ResumeChoice::Kind::kMust) {
        return {{"do", "leave"},
                {"code", kExitCannotResume},
                {"text", "nothing to resume: " + finished_text(*end)}};
      }
      if (end) log::event(finished_text(*end) + ": starting afresh");
      return fresh();
    }
    walk_ = std::make_unique<store::WalkBack>(directory_, wanted_epoch());
    if (walk_->candidate()) {
      require_same(*walk_->candidate(), program_, session::size(), mode_name(config_.mode),
                   directory_.path());
    }
    return propose();
  }

  // After a rank has rejected the proposal.
  Json step_back(const std::string& reason) {
    walk_->reject(reason);
    return propose();
  }

  void accepted(std::uint64_t epoch) {
    directory_.note_resume_attempt(epoch);
    if (config_.mode == Mode::kTracked || config_.files == FilesChoice::kKeep) return;
    for (const std::uint64_t newer : directory_.set_newer_aside(epoch, generation_))
      log::event("snapshot " + std::to_string(newer) +
                 " is not resumed any more: files go back to what they were at snapshot " +
                 std::to_string(epoch));
  }

 private:
  Json propose() {
    for (; said_ < walk_->passed_over().size(); ++said_) {
      log::event(walk_->passed_over()[said_]);
    }
    const store::SnapshotRef* snapshot = walk_->candidate();
    if (!snapshot) return nothing_left();
    return {{"do", "resume"},
            {"name", snapshot->name},
            {"epoch", snapshot->epoch},
            {"written_by", snapshot->manifest.generation},
            {"written_unix_ns", snapshot->manifest.created_unix_ns},
            {"writer", fact(*snapshot, "writer")},
            {"base_epoch", base_epoch_}};
  }

  Json nothing_left() {
    const bool had_some = !walk_->passed_over().empty();
    const auto wanted = wanted_epoch();
    if (wanted || config_.resume.kind == ResumeChoice::Kind::kMust) {
      const std::string which = wanted ? " " + std::to_string(*wanted) : "";
      return {{"do", "leave"},
              {"code", kExitCannotResume},
              {"text", "cannot resume: no usable snapshot" + which + " in " + directory_.path()}};
    }
    if (had_some) {
      log::event("no snapshot in " + directory_.path() +
                 " can be used: starting from the beginning");
    } else if (job_.restart_count > 0) {
      log::event(job_.text() + ": no snapshot of this command in " + directory_.path() +
                 ": starting from the beginning");
    }
    return fresh();
  }

  // Snapshots that are there belong to an earlier start of the script: never resumed any more.
  Json fresh() {
    if (!directory_.snapshots().empty()) directory_.start_afresh(generation_);
    directory_.clear_finished();
    return {{"do", "fresh"}, {"base_epoch", base_epoch_}};
  }

  std::optional<std::uint64_t> wanted_epoch() const {
    if (config_.resume.kind != ResumeChoice::Kind::kEpoch) return std::nullopt;
    return config_.resume.epoch;
  }

  // Slurm started the job again after this very command had ended in it. The same command a second
  // time in one start of the job is meant to run a second time.
  bool ended_before_restart(const store::Finished& end) const {
    return !job_.id.empty() && end.job == job_.id && end.restart < job_.restart_count &&
           end.identity == program_.identity;
  }

  std::string finished_text(const store::Finished& end) const {
    return "this run has ended at " + local_time_text(end.time_unix_ns, unix_time_ns()) +
           " with exit code " + std::to_string(end.exit_code);
  }

  const Config& config_;
  const Program& program_;
  const Job& job_;
  store::RunDirectory& directory_;
  std::unique_ptr<store::WalkBack> walk_;
  store::Generation generation_;
  std::uint64_t base_epoch_ = 0;
  std::size_t said_ = 0;
};

// Reads this rank's file of a proposed snapshot; "" or why it cannot be used.
std::string try_file(const store::RunDirectory& directory, const std::string& name, Start* start) {
  try {
    const store::SnapshotRef snapshot = directory.snapshot(name);
    if (snapshot.state != store::SnapshotState::kCommitted) return snapshot.reason;
    start->file = std::make_unique<store::RankFile>(
        store::RankFile::read_verified(snapshot, session::rank()));
    start->meta = parse_json(start->file->meta_json(), name);
    std::string damage = why_held_files_damaged(start->meta, directory.path());
    if (!damage.empty()) start->file.reset();
    return damage;
  } catch (const Error& error) {
    start->file.reset();
    return error.what();
  }
}

// A directory that cannot be made or written to is the user's to change.
std::unique_ptr<store::RunDirectory> open_or_create(const std::string& path) {
  try {
    return std::make_unique<store::RunDirectory>(store::RunDirectory::open_or_create(path));
  } catch (const IoError& problem) {
    throw UsageError(problem.what());
  }
}

// Opens the directory that rank 0 has made and put a probe into; throws, or returns whether it is
// the same one.
bool find_probe(const std::string& path, const std::string& probe, Start* start) {
  const auto give_up = std::chrono::steady_clock::now() + kSharedWithin;
  for (;;) {
    try {
      if (!start->directory) {
        start->directory = std::make_unique<store::RunDirectory>(store::RunDirectory::open(path));
      }
      if (start->directory->sees_probe(probe)) return true;
    } catch (const IoError& error) {
      if (error.errno_value() != ENOENT) throw;
    }
    if (std::chrono::steady_clock::now() > give_up) return false;
    start->directory.reset();
    std::this_thread::sleep_for(kLookAgainAfter);
  }
}

// Collective: every rank opens the directory, and it is the same one for all of them.
void open_on_every_rank(const std::string& path, const Job& job, Start* start) {
  const std::string probe =
      session::broadcast(std::to_string(unix_time_ns()) + "-" + std::to_string(::getpid()));
  const std::string host = session::broadcast(job.host);
  rank0_says([&]() -> Json {
    start->directory = open_or_create(path);
    if (session::size() > 1) start->directory->place_probe(probe);
    return {{"do", "look"}};
  });
  if (session::size() == 1) return;
  std::string problem;
  try {
    if (!find_probe(path, probe, start)) {
      problem = path + " is not shared by all nodes: " + job.host + " does not see what " + host +
                " writes there; choose an --output-dir that is";
    }
  } catch (const Error& error) {
    problem = std::string(error.what()) + " (rank " + std::to_string(session::rank()) + ")";
  }
  const session::Verdict verdict = session::agree(problem.empty(), problem);
  if (session::rank() == 0) start->directory->remove_probe(probe);
  if (!verdict.ok) throw UsageError(verdict.message);
}

}  // namespace

Start decide_start(const Config& config, const Program& program, const Job& job) {
  Start start;
  start.run_id = session::broadcast(make_run_id(config, job));
  const std::string path = session::broadcast(directory_path(config, start.run_id));
  open_on_every_rank(path, job, &start);
  std::unique_ptr<Chooser> chooser;
  Json word = rank0_says([&]() -> Json {
    chooser = std::make_unique<Chooser>(config, program, job, *start.directory);
    Json first = chooser->open(&start.generation);
    first["generation"] = start.generation.number;
    return first;
  });
  start.generation.number = word["generation"].get<std::uint64_t>();

  while (word["do"] == "resume") {
    start.resumed_epoch = word["epoch"].get<std::uint64_t>();
    start.resumed_generation = word["written_by"].get<std::uint64_t>();
    start.written_unix_ns = word["written_unix_ns"].get<std::int64_t>();
    start.writer = word["writer"].get<std::string>();
    const std::string problem = try_file(*start.directory, word["name"].get<std::string>(), &start);
    const session::Verdict verdict = session::agree(problem.empty(), problem);
    if (verdict.ok) break;
    word = rank0_says([&] { return chooser->step_back(verdict.message); });
  }
  if (word["do"] == "leave") {
    start.leave_with = word["code"].get<int>();
    const std::string why = word["text"].get<std::string>();
    if (start.leave_with == kExitOk)
      log::event(why);
    else if (session::rank() == 0)
      log::error(why);
    return start;
  }
  start.base_epoch = word["base_epoch"].get<std::uint64_t>();
  if (word["do"] == "fresh") {
    start.file.reset();
    start.resumed_epoch = 0;
  } else if (chooser) {
    chooser->accepted(start.resumed_epoch);
  }
  return start;
}

}  // namespace chkpt::run
