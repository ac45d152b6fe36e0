// SPDX-License-Identifier: BSD-3-Clause
#include "run/load_back.hpp"

#include <Python.h>

#include <cstdio>
#include <cstring>
#include <optional>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "base/blocked_signals.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/open_descriptors.hpp"
#include "cut/handles.hpp"
#include "files/descriptors.hpp"
#include "inspect/compare.hpp"
#include "inspect/text.hpp"
#include "mpi/session.hpp"
#include "python/frames/safe_point.hpp"
#include "python/frames/stack.hpp"
#include "python/heap/customs.hpp"
#include "python/heap/load.hpp"
#include "python/heap/open_files/open_file.hpp"
#include "python/heap/save.hpp"
#include "python/launch/launch.hpp"
#include "run/command.hpp"
#include "run/meta.hpp"
#include "run/parts.hpp"
#include "store/rank_file.hpp"

namespace chkpt::run {
namespace {

constexpr const char* kSame = "same";
constexpr const char* kNotCompared = "not compared: RMA windows";
constexpr const char* kUnloadable = "cannot be loaded: ";

// Where the answer goes. Whatever the script's modules print while they are imported is not it.
class Answer {
 public:
  explicit Answer(bool quiet) : out_(::fdopen(::dup(1), "w")) {
    if (!out_) throw IoError("cannot set the output aside", errno);
    redirect(1);
    if (quiet) redirect(2);
  }
  // The process ends at once: nothing of the script is finalised, no callback of its runs.
  [[noreturn]] void end(const std::vector<std::string>& lines, int code) {
    for (const std::string& line : lines) std::fprintf(out_, "%s\n", line.c_str());
    std::fflush(out_);
    ::_exit(code);
  }

 private:
  // Each to a file of its own: copies of a standard stream are known by what they lead to.
  static void redirect(int number) {
    const int nowhere = ::memfd_create("chkpt-output", MFD_CLOEXEC);
    if (nowhere < 0 || ::dup2(nowhere, number) < 0)
      throw IoError("cannot set the output aside", errno);
    ::close(nowhere);
    files::descriptors::replaced(number);
  }

  std::FILE* out_;
};

std::vector<heap::LoadedBuffer> private_buffers(store::RankFile& file) {
  std::vector<heap::LoadedBuffer> buffers;
  for (std::size_t i = 0; i < file.buffer_count(); ++i)
    buffers.push_back({file.buffer_data(i), file.buffer(i).bytes.size});
  return buffers;
}

struct NotCompared {};
struct NotSavedAgain {
  std::string why;
};

void start_python(const Json& meta, ByteView mpi_section) {
  const std::string cwd = meta.value("cwd", "");
  if (::chdir(cwd.c_str()) != 0) log::info("cannot enter " + cwd + ": " + std::strerror(errno));
  // Before Python or not until the script's modules ask for it: it leaves traces, signal handlers.
  const bool launched = meta.value("mpi", Json::object()).value("launched", false);
  mpi::session::start(launched ? mpi::Start::kEager : mpi::Start::kLazy);
  python::initialize(launch_from_meta(meta));
  frames::self_test();
  register_parts();
  if (!cut::handles::begin_rehearsal(mpi_section)) throw NotCompared{};
  heap::ReopenedFiles::leave_locks();
  heap::begin_rehearsal();
  python::prepare_resumed_main();
}

heap::Pickled save_again(const heap::Loaded& loaded, bool tracked) {
  heap::SaveRequest request;
  frames::StackState stack;
  if (loaded.stack) {
    stack = loaded.stack->describe(loaded.base_exception.get());
    request.stack = &stack;
  }
  if (loaded.extra && !loaded.extra.is(Py_None)) request.extra = loaded.extra;
  request.modules = request.process = !tracked;
  return heap::save(request);
}

std::vector<inspect::Difference> differences(const store::RankFile& file,
                                             const heap::Pickled& again) {
  inspect::SavedState before{file.pickle(), {}};
  for (std::size_t i = 0; i < file.buffer_count(); ++i)
    before.buffers.push_back(file.buffer(i).bytes);
  Bytes stream;
  stream.reserve(again.stream_bytes());
  for (const ByteView& piece : again.stream)
    stream.insert(stream.end(), piece.data, piece.data + piece.size);
  inspect::SavedState after{stream, {}};
  for (const heap::OutOfBand& buffer : again.buffers) after.buffers.push_back(buffer.bytes());
  return inspect::compare_states(before, after, file.meta_json());
}

std::string path_above(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::vector<inspect::Difference> load_and_compare(const std::string& path) {
  const store::RankFile original = store::RankFile::read_file(path);
  const Json meta = parse_json(std::string(original.meta_json()), path);
  const std::string run_path = path_above(path_above(path));
  const std::string damage = why_held_files_damaged(meta, run_path);
  if (!damage.empty()) throw FormatError(damage);
  expect_held_files(meta, run_path);
  start_python(meta, original.mpi());
  // What loading does to the memory it reads from must not show in the comparison.
  store::RankFile file = store::RankFile::read_file(path);
  // Never freed: finalizers of the script's objects would run, and remove its temporary files.
  heap::Loaded& loaded = *new heap::Loaded(heap::load({file.pickle()}, private_buffers(file)));
  loaded.finish();
  const bool tracked = meta.value("mode", "") == mode_name(Mode::kTracked);
  try {
    return differences(original, save_again(loaded, tracked));
  } catch (const CannotSave& problem) {
    throw NotSavedAgain{problem.what()};
  }
}

// A child of the script's process: not one of the job's, whatever the launcher says. This very
// program, also when another one has been installed in its place.
std::vector<std::string> child_command(const std::string& file) {
  const std::string program = "/proc/" + std::to_string(::getpid()) + "/exe";
  std::vector<std::string> command = {"env"};
  for (char** variable = environ; *variable; ++variable) {
    const std::string text = *variable;
    for (const char* prefix : {"OMPI_", "PMIX_", "PMI_", "ORTE_", "OPAL_", "PRTE_", "SLURM_"}) {
      if (text.compare(0, std::strlen(prefix), prefix) == 0) {
        command.insert(command.end(), {"-u", text.substr(0, text.find('='))});
      }
    }
  }
  command.insert(command.end(), {"OMPI_MCA_ess_singleton_isolated=1", "OMPI_MCA_btl=self", program,
                                 "--quiet", "--load-back", file});
  return command;
}

// The script's descriptors that programs inherit: loaded back, they get their numbers.
void close_inherited() {
  for (const OpenDescriptor& one : open_descriptors())
    if (one.number > 2) ::close(one.number);
}

std::string one_line(const std::string& output) {
  std::string line = output;
  for (std::size_t at = 0; (at = line.find('\n', at)) != std::string::npos; at += 2)
    line.replace(at, 1, "; ");
  return line;
}

}  // namespace

int load_back(const std::string& path, bool quiet) {
  if (quiet) log::set_level(log::Level::kError);
  // What a batch system sends to all processes of a step is the rank's to understand: the child of
  // a rank goes on.
  std::optional<BlockedSignals> blocked;
  if (quiet) blocked.emplace();
  files::descriptors::begin();
  close_inherited();
  files::low_numbers::hold();
  Answer answer(quiet);
  try {
    const std::vector<inspect::Difference> found = load_and_compare(path);
    if (found.empty()) answer.end({kSame}, kExitOk);
    std::vector<std::string> lines;
    lines.reserve(found.size());
    for (const inspect::Difference& difference : found)
      lines.push_back(inspect::printable("`" + difference.path + "` " + difference.text));
    answer.end(lines, kExitScriptFailed);
  } catch (const NotCompared&) {
    answer.end({kNotCompared}, kExitOk);
  } catch (const NotSavedAgain& problem) {
    answer.end({"it cannot be saved again: " + inspect::printable(problem.why)}, kExitScriptFailed);
  } catch (const std::exception& problem) {
    answer.end({kUnloadable + inspect::printable(problem.what())}, kExitCannotResume);
  }
}

LoadedBack load_back_in_child(const std::string& file, std::chrono::milliseconds patience,
                              bool (*give_up)()) {
  using Outcome = LoadedBack::Outcome;
  const CommandResult result = Command(child_command(file)).wait(patience, give_up);
  if (!result.ended) return {Outcome::kNotCompared, "not compared: " + result.output};
  if (result.output == kSame) return {};
  if (result.output == kNotCompared) return {Outcome::kNotCompared, kNotCompared};
  if (result.output.empty()) return {Outcome::kUnloadable, "loading it back crashed"};
  if (result.output.compare(0, std::strlen(kUnloadable), kUnloadable) == 0)
    return {Outcome::kUnloadable, "it " + one_line(result.output)};
  return {Outcome::kDiffers, "loaded back it differs: " + one_line(result.output)};
}

}  // namespace chkpt::run
