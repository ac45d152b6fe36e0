// SPDX-License-Identifier: BSD-3-Clause
// The end of a run, in this order: __main__ has ended -> before_finalize() (the rank joins cuts
// until all ranks are done) -> Python's own finalisation with the script's atexit callbacks ->
// at_exit() (FINISHED mark, MPI_Finalize or MPI_Abort). at_exit() is a C atexit handler because
// CPython calls exit() itself after SystemExit.
#include "run/run.hpp"

#include <Python.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include <dlfcn.h>
#include <unistd.h>

#include "base/apart_thread.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "cut/handles.hpp"
#include "files/descriptors.hpp"
#include "files/own_descriptors.hpp"
#include "mpi/session.hpp"
#include "python/chkpt/module.hpp"
#include "python/frames/held_signals.hpp"
#include "python/frames/safe_point.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/load.hpp"
#include "python/launch/launch.hpp"
#include "run/job.hpp"
#include "run/launch_check.hpp"
#include "run/parts.hpp"
#include "run/python_hooks.hpp"
#include "run/script_files.hpp"
#include "run/signals.hpp"
#include "run/snapshot.hpp"
#include "run/standard_output.hpp"
#include "run/start.hpp"

namespace chkpt::run {
namespace {

namespace session = mpi::session;

// SlurmdTimeout is 300 s by default, and is checked now and then.
constexpr double kBatchSystemPatience_s = 600;
// A script that fails leaves the snapshot that is being written behind its back, if it can.
constexpr double kLastSnapshotPatience_s = 60;

// Everything that lives as long as the process. Never destroyed: threads and the interpreter's
// memory may refer to it until the very end.
struct Session {
  Config config;
  Job job;
  Program program;
  Start start;
  cut::Agent agent;
  DryRun dry_run;
  std::unique_ptr<ApartThread> thread;  // null: there can be none
  StandardOutput output;
  std::unique_ptr<SnapshotWork> work;
  pid_t pid = 0;
  int exit_code = 0;
  bool script_ended = false;
};
Session* g_session = nullptr;

// With the GIL, before Py_FinalizeEx.
void before_finalize(int exit_code) {
  Session& session = *g_session;
  session.exit_code = exit_code;
  session.script_ended = true;
  if (exit_code == 0) {
    PyThreadState* saved = PyEval_SaveThread();
    session.agent.script_done();
    PyEval_RestoreThread(saved);
  } else if (getpid() == session.pid) {
    PyThreadState* saved = PyEval_SaveThread();
    session.agent.settle(kLastSnapshotPatience_s);
    PyEval_RestoreThread(saved);
  }
  frames::safe_point::stop();
  heap::forget_library_globals();
}

void say_how_it_ended(const Session& session) {
  if (session.exit_code == 0) return;
  const std::uint64_t epoch = session.work->last_committed_epoch() > 0
                                  ? session.work->last_committed_epoch()
                                  : session.start.resumed_epoch;
  if (epoch == 0 || session.dry_run.on()) return;
  log::event("the script ended with exit code " + std::to_string(session.exit_code) +
             "; the same command goes on from snapshot " + std::to_string(epoch) +
             ", --resume=never starts afresh");
}

// Of this rank: whether a snapshot that was loaded back was not what it had. Says what --torture
// did, and what the exit code is for where the messages that would have told are not wanted.
bool tortured_in_vain(const Session& session) {
  const bool dry = session.dry_run.on();
  if (!dry && !session.config.torture.wanted()) return false;
  const SnapshotWork::Torture found = session.work->torture();
  const bool quiet = log::level() < log::Level::kEvent;
  if (dry && (found.differ == 0 || !quiet)) return found.differ > 0;
  std::string text = std::string(dry ? "--dry-run: " : "--torture: ") +
                     std::to_string(found.checked) + " snapshots loaded back, " +
                     std::to_string(found.differ) + " of them not as they were";
  if (!dry) text += " (--torture-seed " + std::to_string(session.config.torture.seed) + ")";
  if (found.differ == 0) {
    log::event(text);
    return false;
  }
  log::error(text + (quiet ? ": " + session.work->first_difference() : ""));
  return true;
}

// Rank 0 has it all. Where another rank fails, and ends the job, nobody else is left to tidy up.
void report_dry_run(Session& session) {
  if (!session.dry_run.on()) return;
  if (session::rank() == 0) {
    const SnapshotWork::Torture found = session.work->torture();
    session.dry_run.report(found.checked, found.differ);
  }
  if (session.exit_code != 0) session.dry_run.end();
}

void at_exit() {
  Session& session = *g_session;
  if (getpid() != session.pid || !session.script_ended) return;
  report_dry_run(session);
  say_how_it_ended(session);
  if (session.exit_code != 0 && session::size() > 1) {
    // As `python -m mpi4py` does: the others would wait for this rank for ever.
    session::abort(session.exit_code);
  }
  files::own_descriptors::keep_no_more();
  session.agent.stop();
  if (session.exit_code == 0 && session::rank() == 0 && !session.dry_run.on()) {
    try {
      // One that was taken over says nothing about the run that goes on.
      if (session.start.directory->is_current(session.start.generation)) {
        session.start.directory->mark_finished(
            {0, session.job.id, session.job.restart_count, session.program.identity, 0});
      }
    } catch (const Error& problem) {
      log::error(problem.what());
    }
  }
  const bool differs = tortured_in_vain(session);
  try {
    session::finish();
  } catch (const Error& problem) {
    log::error(problem.what());
  }
  if (session::rank() == 0) session.dry_run.end();
  if (differs && session.exit_code == 0) {
    std::fflush(nullptr);
    ::_exit(kExitDiffers);
  }
}

void warn_if_script_changed(const Session& session) {
  const std::string then = session.start.meta.value("source_hash", "");
  if (then != session.program.source_hash && session::rank() == 0) {
    log::event(session.program.display +
               " has changed since the snapshot: the run goes on with the captured code "
               "(--resume=never starts the new one)");
  }
}

void start_agent(Session& session) {
  cut::Config config;
  config.interval_s = interval_seconds(session.config.interval_ms);
  if (session.config.torture.wanted())
    config.interval_seed = session.config.torture.seed + session.start.resumed_epoch;
  config.cut_timeout_s = static_cast<double>(session.config.cut_timeout_ms) * 1e-3;
  constexpr double kLongWait_s = 0.1;
  if (session.dry_run.on()) config.ask_after_s = kLongWait_s;
  config.restart_blocked = session.config.mode == Mode::kContinue;
  config.write_behind = true;
  if (session.thread) config.wake_descriptor = session.thread->event();
  config.poll_request = [&session] { return session.work->poll_request(); };
  config.poll_end = [&session] { return session.work->poll_end(); };
  if (!session.job.id.empty()) config.lost_patience_s = kBatchSystemPatience_s;
  session.agent.start(config, make_python_hooks(), session.work.get());
  if (session::rank() == 0) session.work->watch_job();
}

void start_interpreter(Session& session) {
  python::LaunchSpec launch = session.config.launch;
  if (session.start.file) {
    launch.hash_seed = launch_from_meta(session.start.meta).hash_seed;
  }
  python::set_before_finalize(before_finalize);
  {
    const files::low_numbers::MissingStreams as_at_start;
    python::initialize(launch);
  }
  frames::self_test();
  register_parts();
}

void say_resumed(const Session& session) {
  const Start& start = session.start;
  log::event(
      resumed_message(start.resumed_epoch, start.written_unix_ns, start.writer, unix_time_ns()));
}

std::vector<heap::LoadedBuffer> loaded_buffers(store::RankFile& file) {
  std::vector<heap::LoadedBuffer> buffers;
  for (std::size_t i = 0; i < file.buffer_count(); ++i) {
    buffers.push_back({file.buffer_data(i), file.buffer(i).bytes.size});
  }
  return buffers;
}

void adopt_agent(Session& session) {
  const Json saved = session.start.meta.value("agent", Json::object());
  session.agent.adopt(
      {saved.value("api_calls", std::uint64_t{0}), saved.value("api_satisfied", std::uint64_t{0})});
}

std::string on_rank(int rank) {
  return session::size() > 1 ? " on rank " + std::to_string(rank) : std::string();
}

// Collective: every rank must be able to go on, or none does.
template <class F>
void all_or_cannot_resume(const Session& session, F f) {
  std::string problem;
  try {
    f();
  } catch (const std::exception& error) {
    problem = error.what();
  }
  const session::Verdict verdict = session::agree(problem.empty(), problem);
  if (!verdict.ok) {
    throw CannotResume("cannot resume from epoch " + std::to_string(session.start.resumed_epoch) +
                       on_rank(verdict.rank) + ": " + verdict.message +
                       "; --resume=never starts afresh, --resume=EPOCH takes another snapshot");
  }
}

heap::Loaded load_state(Session& session) {
  heap::Loaded loaded;
  all_or_cannot_resume(session, [&] {
    expect_held_files(session.start.meta, session.start.directory->path());
    cut::handles::begin_load(session.start.file->mpi());
    loaded = heap::load({session.start.file->pickle()}, loaded_buffers(*session.start.file));
    cut::handles::end_load();
  });
  all_or_cannot_resume(session, [&] {
    cut::handles::join_load();
    loaded.finish();
  });
  session.start.file.reset();  // as large as the state; nothing loaded refers to it
  return loaded;
}

// The script's result, or null with a Python exception. No reference of ours outlives this: the
// interpreter is finalised next.
PyObject* run_resumed(heap::Loaded loaded, std::optional<frames::HeldSignals>& held) {
  const std::unique_ptr<frames::ResumedStack> stack = std::move(loaded.stack);
  Ref base_exception = std::move(loaded.base_exception);
  loaded = {};
  held.reset();
  if (!stack) return Py_NewRef(Py_None);  // its script had ended before the snapshot
  return stack->run(std::move(base_exception)).release();
}

// The last steps before the script runs.
void begin(Session& session) {
  files::own_descriptors::keep(session.start.directory->descriptor());
  if (session.thread) files::own_descriptors::keep(session.thread->event());
  {
    const files::own_descriptors::Keeping as_they_are;
    note_script_files(session.config, session.start);
    start_agent(session);
    connect_script(session.config, session.agent, *session.work, session.start);
  }
  install_signal_triggers(session.config, session.agent);
  files::low_numbers::release();
  files::descriptors::watch(dlsym(RTLD_DEFAULT, "PyOS_FSPath"),
                            [] { return PyGILState_GetThisThreadState() != nullptr; });
}

int continue_script(Session& session) {
  python::prepare_resumed_main();
  adopt_agent(session);
  std::optional<frames::HeldSignals> held(std::in_place, frames::HeldSignals::Which::kRestored);
  heap::Loaded loaded = load_state(session);
  say_resumed(session);
  warn_if_script_changed(session);
  begin(session);
  python::run_resume_callbacks();
  // A statement of its own: ends the argument.
  PyObject* result = run_resumed(std::move(loaded), held);
  return python::finish_resumed(result);
}

int start_script(Session& session) {
  if (session.start.file) {  // tracked mode: contents wait for track()
    expect_held_files(session.start.meta, session.start.directory->path());
    heap::Loaded loaded =
        heap::load({session.start.file->pickle()}, loaded_buffers(*session.start.file));
    python::set_restored(loaded.extra ? loaded.extra.get() : Py_None);
    say_resumed(session);
  }
  begin(session);
  return python::run_main();
}

// The seed is said at once: the run may not come to its end.
void begin_torture(Session& session) {
  Torture& torture = session.config.torture;
  if (!torture.wanted()) return;
  if (torture.seed == 0) torture.seed = 1 + std::random_device()();
  torture.seed = std::stoull(session::broadcast(std::to_string(torture.seed)));
  log::event("--torture: a snapshot about every " + std::to_string(torture.mean_ms) +
             " ms, each loaded back (--torture-seed " + std::to_string(torture.seed) + ")");
}

std::unique_ptr<ApartThread> make_apart_thread() {
  try {
    return std::make_unique<ApartThread>();
  } catch (const std::exception&) {
    return nullptr;
  }
}

int run_session(Session& session) {
  files::descriptors::begin();
  files::low_numbers::hold();
  session.thread = make_apart_thread();
  start_mpi(session.job);
  log::set_rank(session::rank(), session::size());
  if (!session.thread) {
    log::info(
        "no thread can have descriptors of its own: the script stands until a snapshot is "
        "committed");
  }
  files::descriptors::set_apart();
  check_launch(session.job);
  session.dry_run.begin(&session.config);
  session.start = decide_start(session.config, session.program, session.job);
  if (session.start.leave_with) {
    session::finish();
    return *session.start.leave_with;
  }
  begin_torture(session);
  session.output.redirect(session.config, session.start);
  restore_script_files(session.config, session.start);
  session.work = std::make_unique<SnapshotWork>(session.config, session.program, session.job,
                                                session.start, session.output, session.dry_run,
                                                session.agent, session.thread.get());
  start_interpreter(session);
  std::atexit(at_exit);
  const bool goes_on = session.start.file && session.config.mode == Mode::kContinue;
  return goes_on ? continue_script(session) : start_script(session);
}

}  // namespace

int run(const Config& config) {
  g_session = new Session;
  Session& session = *g_session;
  session.config = config;
  session.pid = getpid();
  session.job = read_job();
  session.program = describe_program(config.launch);
  log::set_level(static_cast<log::Level>(config.verbosity + 1));
  try {
    return run_session(session);
  } catch (const UsageError& problem) {
    if (session::rank() == 0) log::error(problem.what());
    if (session::rank() == 0) session.dry_run.end();
    if (session::active()) session::finish();
    return kExitUsage;
  } catch (const CannotResume& problem) {
    // Every rank alike, and nothing of the script has run.
    if (session::rank() == 0) log::error(problem.what());
    session::finish();
    return kExitCannotResume;
  } catch (const std::exception& problem) {
    log::error(problem.what());
    session::abort(kExitScriptFailed);
  }
}

}  // namespace chkpt::run
