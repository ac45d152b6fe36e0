// SPDX-License-Identifier: BSD-3-Clause
#include "run/snapshot.hpp"

#include <Python.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <random>
#include <utility>

#include <unistd.h>

#include "base/log.hpp"
#include "cut/handles.hpp"
#include "files/held_files.hpp"
#include "files/journal.hpp"
#include "files/own_descriptors.hpp"
#include "mpi/session.hpp"
#include "python/chkpt/module.hpp"
#include "python/frames/held_signals.hpp"
#include "python/frames/stack.hpp"
#include "python/heap/open_files/layers.hpp"
#include "run/gil.hpp"
#include "run/load_back.hpp"
#include "run/rank_report.hpp"
#include "run/version.hpp"

namespace chkpt::run {
namespace {

namespace session = mpi::session;

// How seldom a reason is repeated where snapshots come only when asked for.
constexpr double kNoInterval_s = 600;
// How long a snapshot that is verified may take to be loaded back.
constexpr auto kPatience = std::chrono::minutes(30);
// --torture MS:kill ends the run after one of so many commits.
constexpr std::uint64_t kMostCommits = 5;

double seconds_since(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - then).count();
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// What the script has written so far must be out of our buffers before the process goes, and
// before a snapshot says how much it was. An object of the script in the place of a stream keeps
// what it has, and is not asked: a snapshot changes nothing.
void flush_standard_streams() {
  const Gil gil;
  const PendingException aside;
  for (const char* name : {"__stdout__", "stdout", "__stderr__", "stderr"}) {
    PyObject* stream = PySys_GetObject(name);
    if (!stream || !heap::leads_to_file(stream)) continue;
    const Ref done = Ref::steal(PyObject_CallMethod(stream, "flush", nullptr));
    if (!done) PyErr_Clear();
  }
  std::fflush(nullptr);
}

// What handlers change, and what they raise, belongs to the script.
std::unique_ptr<const frames::HeldSignals> hold_signals() {
  const Gil gil;
  auto held = std::make_unique<frames::HeldSignals>(frames::HeldSignals::Which::kAll);
  held->put_aside_what_came_before();  // in a blocked call: nobody could run them
  return held;
}

}  // namespace

SnapshotWork::SnapshotWork(const Config& config, const Program& program, const Job& job,
                           Start& start, const StandardOutput& output, DryRun& dry_run,
                           cut::Agent& agent, ApartThread* thread)
    : config_(config),
      program_(program),
      job_(job),
      start_(start),
      output_(output),
      dry_run_(dry_run),
      agent_(agent),
      files_(start, thread),
      notes_(config.keep, start.resumed_epoch),
      watch_(config, job),
      trial_(config, start.resumed_epoch > 0),
      retry_(config.interval_ms < 0 ? kNoInterval_s
                                    : static_cast<double>(config.interval_ms) * 1e-3) {
  // Another number after each resume, or every start would end alike.
  std::mt19937_64 random(config.torture.seed + start.resumed_epoch);
  if (config.torture.kill) commits_to_live_ = 1 + random() % kMostCommits;
}

store::Identity SnapshotWork::identity_of(const cut::CutInfo& info) const {
  return {start_.run_id, epoch_of(info), session::rank(), session::size()};
}

cut::Report SnapshotWork::capture(const cut::CutInfo& info) {
  stopped_at_ = Clock::now();
  const std::unique_ptr<const frames::HeldSignals> held = hold_signals();
  const std::string unprepared = prepare_script();
  // No rank may look at the size of a file before all have written out what they hold of it.
  session::agree(true, "");
  try {
    if (!unprepared.empty()) throw CannotSave(unprepared);
    staged_ = capture_state(info);
    const bool stands = must_stand(info);
    if (session::rank() == 0) files_.begin(epoch_of(info), session::size());
    return {true, "", stands ? cut::kMustStand : ""};
  } catch (const store::Fenced& problem) {
    staged_.reset();
    give_way();
    return {false, problem.what(), ""};
  } catch (const std::exception& problem) {
    staged_.reset();
    return {false, problem.what(), ""};
  }
}

// What loads a snapshot back wants the script's files as they are in it.
bool SnapshotWork::must_stand(const cut::CutInfo& info) {
  return config_.verify_snapshots || trial_.is_due(info) || !files_.may_write_behind();
}

// The script's own callbacks, then its open files; "" or what went wrong.
std::string SnapshotWork::prepare_script() {
  const Gil gil;
  const PendingException aside;
  try {
    python::run_snapshot_callbacks();
    heap::flush_files();
    flush_standard_streams();
    return "";
  } catch (const std::exception& problem) {
    return problem.what();
  }
}

// Copies it all, under the GIL: what is pickled refers to the script's objects.
store::Staged SnapshotWork::capture_state(const cut::CutInfo& info) {
  const Gil gil;
  const PendingException aside;
  files::forget_wanted();
  notes_.settle();
  std::vector<frames::FrameLine> lines;
  heap::Pickled pickled;
  Bytes mpi_section;
  if (config_.mode == Mode::kTracked) {
    // The script starts from its beginning, and makes its MPI objects itself.
    pickled = pickle_tracked();
  } else {
    cut::handles::begin_save();
    pickled = pickle(info, &lines);
    mpi_section = cut::handles::end_save();
    sync_mpi_files();
  }
  Json meta = make_meta(program_, config_, job_, identity_of(info), info, lines);
  meta["agent"] = {{"api_calls", agent_.state().api_calls},
                   {"api_satisfied", agent_.state().api_satisfied}};
  meta["stdout"] = output_.describe();
  meta[kHeldFiles] = notes_.hold(epoch_of(info));
  notes_.captured(epoch_of(info));
  store::RankImage image;
  image.id = identity_of(info);
  image.meta_json = dump_json(meta);
  image.pickle = pickled.stream;
  for (const heap::OutOfBand& buffer : pickled.buffers) {
    image.buffers.push_back({buffer.bytes(), buffer.format(), buffer.shape(), buffer.readonly()});
  }
  image.mpi = ByteView(mpi_section);
  return store::stage(image);
}

heap::Pickled SnapshotWork::pickle_tracked() {
  heap::SaveRequest request;
  request.extra = python::collect_tracked();
  request.modules = request.process = false;
  return heap::save(request);
}

heap::Pickled SnapshotWork::pickle(const cut::CutInfo& info,
                                   std::vector<frames::FrameLine>* lines) {
  heap::SaveRequest request;
  request.files_flushed = true;
  if (info.position == cut::Position::kFinished) return heap::save(request);

  frames::StackPlan blocked;
  const frames::StackPlan* plan = static_cast<const frames::StackPlan*>(info.context);
  if (info.position == cut::Position::kBlockedCall) {
    frames::WhyNot why;
    if (!frames::plan_stack(frames::Innermost::kBlockedCall, &blocked, &why)) {
      throw CannotSave(why.reason + " at " + why.where);
    }
    plan = &blocked;
  }
  frames::StackState stack = frames::describe_stack(*plan);
  if (PyObject* function = python::snapshot_function()) {
    frames::replace_call_result(stack, function, Py_True);
  }
  *lines = frames::stack_lines(*plan);
  request.stack = &stack;
  return heap::save(request);
}

cut::Report SnapshotWork::write(const cut::CutInfo& info) {
  write_began_ = Clock::now();
  try {
    const store::WriteResult result = files_.write(*std::exchange(staged_, std::nullopt));
    if (!result.ok) return {false, result.message, ""};
    saved_after_s_ = seconds_since(stopped_at_);
    const std::string path = files_.path(result.file);
    const std::string wrong = verify(path);
    if (!wrong.empty()) return {false, wrong, ""};
    // Neither slow writing, nor what the next snapshots will take.
    trial_took_ = trial_.written(info, epoch_of(info), path);
    write_began_ += trial_took_;
    return {true, "", report_payload(result.file)};
  } catch (const std::exception& problem) {
    return {false, problem.what(), ""};
  }
}

void SnapshotWork::write_behind(const cut::CutInfo& /*info*/,
                                const std::function<void(const cut::Report&)>& done) {
  write_began_ = Clock::now();
  blocked_s_ = seconds_since(stopped_at_);
  trial_took_ = {};
  files_.write_behind(*std::exchange(staged_, std::nullopt),
                      [done](const store::WriteResult& result) {
                        done(result.ok ? cut::Report{true, "", report_payload(result.file)}
                                       : cut::Report{false, result.message, ""});
                      });
}

// Empty unless the file was to be loaded back and cannot, or is not the same then. All ranks stand,
// so that every file of the script is as the snapshot says.
std::string SnapshotWork::verify(const std::string& file) {
  if (!config_.verify_snapshots) return "";
  const LoadedBack result = load_back_in_child(file, kPatience);
  if (result.outcome == LoadedBack::Outcome::kNotCompared) {
    log::event("the snapshot is not verified: " + result.text);
    return "";
  }
  ++checked_;
  if (!result.text.empty() && ++differ_ == 1) first_difference_ = result.text;
  return result.text;
}

cut::Report SnapshotWork::commit(const cut::CutInfo& info,
                                 const std::vector<cut::Report>& reports) {
  try {
    const store::Manifest manifest = make_manifest(info, reports);
    bytes_ = manifest.total_size();
    files_.commit(manifest);
    return {};
  } catch (const store::Fenced& problem) {
    give_way();
    return {false, problem.what(), ""};
  } catch (const std::exception& problem) {
    return {false, problem.what(), ""};
  }
}

void SnapshotWork::tidy() {
  try {
    files_.tidy(config_.keep);
  } catch (const std::exception& problem) {
    log::info(std::string("old snapshots stay for now: ") + problem.what());
  }
}

// A newer start of this run writes the snapshots now.
void SnapshotWork::give_way() {
  fenced_ = true;
  agent_.set_interval(0);
}

store::Manifest SnapshotWork::make_manifest(const cut::CutInfo& info,
                                            const std::vector<cut::Report>& reports) {
  store::Manifest manifest;
  manifest.run_id = start_.run_id;
  manifest.epoch = epoch_of(info);
  manifest.generation = start_.generation.number;
  manifest.nranks = static_cast<int>(reports.size());
  manifest.created_unix_ns = unix_time_ns();
  manifest.files = reported_files(reports);
  char cut_ms[32];
  std::snprintf(cut_ms, sizeof cut_ms, "%.3f", info.cut_ms);
  manifest.facts = {{"identity", program_.identity},
                    {"script", program_.display},
                    {"source_hash", program_.source_hash},
                    {"python", Py_GetVersion()},
                    {"writer", job_.text()},
                    {"mode", mode_name(config_.mode)},
                    {"trigger", cut::trigger_text(info.trigger)},
                    {"chkpt", kVersion},
                    {"cut_ms", cut_ms}};
  return manifest;
}

void SnapshotWork::committed(const cut::CutInfo& info, bool ok, const std::string& message) {
  if (ok) {
    last_committed_ = epoch_of(info);
    notes_.committed(epoch_of(info));
    if (!info.is_behind) notes_.settle();
    if (session::rank() == 0) {
      const SnapshotTimes times{info.cut_ms * 1e-3,
                                info.is_behind ? blocked_s_ : seconds_since(stopped_at_),
                                seconds_since(write_began_)};
      const std::string text = committed_message(epoch_of(info), session::size(), bytes_, times);
      if (dry_run_.on()) {
        dry_run_.committed(times.cut_s, saved_after_s_, bytes_);
        log::info(text);
      } else {
        log::event(text);
      }
      watch_.committed(epoch_of(info), bytes_,
                       static_cast<double>(unix_time_ns() - info.started_unix_ns) * 1e-9 -
                           std::chrono::duration<double>(trial_took_).count());
      const std::scoped_lock lock(mutex_);
      retry_.succeeded();
    }
    die_if_due();
    files_.forget();
    return;
  }
  notes_.failed(epoch_of(info));
  if (!info.is_behind) notes_.settle();
  if (session::rank() == 0) {
    files_.drop();
    if (dry_run_.on()) dry_run_.refused(message);
    say_skipped(skipped_message(epoch_of(info), message, -1, session::size()));
    try_again(info.trigger, seconds_since(stopped_at_));
  }
  staged_.reset();
  files_.forget();
}

// Rank 0; the launcher ends the others.
void SnapshotWork::die_if_due() {
  if (session::rank() != 0 || commits_to_live_ == 0 || --commits_to_live_ > 0) return;
  log::event("--torture: killed after snapshot " + std::to_string(last_committed_) +
             "; the same command resumes from it");
  ::kill(::getpid(), SIGKILL);
}

void SnapshotWork::say_skipped(const std::string& text) {
  std::string said;
  {
    const std::scoped_lock lock(mutex_);
    said = retry_.say(text, seconds_now());
  }
  if (said.empty() || dry_run_.on())
    log::info(text);
  else
    log::event(said);
}

// A stop is asked for until it succeeds. An explicit snapshot() belongs to its place in the script.
void SnapshotWork::try_again(const cut::Trigger& trigger, double took_s) {
  if (fenced_ || (trigger.kind == cut::TriggerKind::kApi && !trigger.stop)) return;
  const std::scoped_lock lock(mutex_);
  retry_.later(trigger, seconds_now(), trigger.stop ? 0 : took_s);
}

void SnapshotWork::skipped(const cut::Trigger& trigger, const std::string& message) {
  if (dry_run_.on()) dry_run_.refused(message);
  say_skipped("snapshot skipped: " + message);
  try_again(trigger, 0);
}

void SnapshotWork::waiting(const std::string& message) {
  if (!dry_run_.on()) return log::event(message);
  dry_run_.waited(message);
  log::info(message);
}

bool SnapshotWork::poll_request() {
  std::optional<cut::Trigger> again;
  {
    const std::scoped_lock lock(mutex_);
    again = retry_.due(seconds_now());
  }
  if (again) agent_.trigger(*again);
  if (watch_.poll()) agent_.trigger({cut::TriggerKind::kDeadline, "", true});
  return !fenced_ && files_.take_request();
}

int SnapshotWork::poll_end() {
  try {
    const auto newest = files_.newest_generation();
    // No generation at all: somebody has removed the checkpoints, which harms no file.
    if (!newest || newest->number <= start_.generation.number) return 0;
    log::error("this run was taken over by " +
               (newest->owner.empty() ? "a newer start" : newest->owner) +
               ", which goes on with it: ending this one (exit code " +
               std::to_string(kExitTakenOver) + ")");
    return kExitTakenOver;
  } catch (const Error&) {
    return 0;  // the next commit will say what is wrong with the directory
  }
}

void SnapshotWork::leave(const cut::CutInfo& info) {
  flush_standard_streams();
  log::event("stopped after snapshot " + std::to_string(epoch_of(info)) +
             "; the same command resumes from it (exit code " + std::to_string(kExitRequeue) + ")");
  files::own_descriptors::keep_no_more();
  agent_.stop();
  // Not before all have come this far: a launcher kills the rest as soon as one rank is gone.
  session::agree(true, "");
  if (session::rank() == 0) watch_.leave();
  session::finish();
  ::_exit(kExitRequeue);
}

}  // namespace chkpt::run
