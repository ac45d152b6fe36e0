// SPDX-License-Identifier: BSD-3-Clause
#include "run/script_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "base/directory.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "files/journal.hpp"
#include "files/undo.hpp"
#include "mpi/interpose/open_files.hpp"
#include "mpi/session.hpp"

namespace chkpt::run {
namespace {

namespace session = mpi::session;

bool left_alone(const Config& config) {
  return config.mode == Mode::kTracked || config.files == FilesChoice::kKeep;
}

// Every rank does `work`; all fail with the words of the lowest that does.
template <class F>
void on_all_ranks(F&& work) {
  std::string problem;
  try {
    work();
  } catch (const Error& error) {
    problem = error.what();
  }
  const session::Verdict verdict = session::agree(problem.empty(), problem);
  if (!verdict.ok) throw Error(verdict.message);
}

std::string lines_of(const std::vector<std::string>& texts) {
  std::string lines;
  for (const std::string& text : texts) lines += text + "\n";
  return lines;
}

void say_on_rank0(const std::string& lines) {
  for (const std::string& text : session::all_gather(lines)) {
    for (std::size_t from = 0, end = 0; from < text.size(); from = end + 1) {
      end = text.find('\n', from);
      log::event("file not as at the snapshot: " + text.substr(from, end - from));
    }
  }
}

void take_back(const Directory& directory, const Start& start) {
  const files::Since since{start.resumed_generation, start.resumed_epoch};
  std::vector<std::string> problems;
  try {
    on_all_ranks([&] {
      if (session::first_on_node()) {
        problems = files::undo_changes(directory, since, session::rank() == 0);
      }
    });
    say_on_rank0(lines_of(problems));
    on_all_ranks([&] { files::forget_undone(directory, session::rank(), since); });
  } catch (const Error& error) {
    throw CannotResume(
        std::string("cannot take back what the run did to files after the snapshot: ") +
        error.what() + " (--files keep resumes without that)");
  }
}

}  // namespace

void restore_script_files(const Config& config, const Start& start) {
  if (left_alone(config)) return;
  const Directory directory = Directory::open(start.directory->path());
  if (start.resumed_epoch > 0) return take_back(directory, start);
  on_all_ranks([&] {
    if (session::rank() == 0) files::forget_all(directory);
  });
}

void note_script_files(const Config& config, const Start& start) {
  files::set_largest_held(config.copy_limit);
  if (left_alone(config)) return;
  const Directory directory = Directory::open(start.directory->path());
  files::set_journal(
      new files::Journal(directory, session::rank(), start.generation.number, start.base_epoch));
  if (start.resumed_epoch > 0) files::journal()->resumed();
}

NeededNotes::NeededNotes(int keep, std::uint64_t resumed_epoch)
    : keep_(static_cast<std::size_t>(keep)) {
  if (resumed_epoch > 0) epochs_.push_back(resumed_epoch);
}

void sync_mpi_files() {
  mpi::open_files::for_each([](const mpi::FileInfo& file) {
    if (!mpi::open_files::may_write(file)) return;
    UniqueFd fd(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) throw_io("cannot open", file.path, errno);
    sync_file(fd.get(), file.path);
  });
}

Json NeededNotes::hold(std::uint64_t epoch) {
  auto* const journal = files::journal();
  return journal == nullptr ? Json::array() : files::encode(journal->hold(files::wanted(), epoch));
}

void NeededNotes::captured(std::uint64_t epoch) {
  auto* const journal = files::journal();
  if (journal == nullptr) return;
  journal->captured(epoch);
  for (const std::string& path : files::mapped())
    journal->touch(AT_FDCWD, path.c_str(), files::Change::kOverwrite, true);
  // The library writes without opening again, so these are noted now; one member is enough.
  mpi::open_files::for_each([journal](const mpi::FileInfo& file) {
    if (!mpi::open_files::may_write(file) || file.comm->rank != 0) return;
    journal->touch(AT_FDCWD, file.path.c_str(), files::Change::kOverwrite, true);
  });
}

void NeededNotes::settle() {
  auto* const journal = files::journal();
  for (const std::uint64_t epoch : std::exchange(failed_, {}))
    if (journal != nullptr) journal->forget_held(epoch);
  if (epochs_.size() <= keep_) return;
  while (epochs_.size() > keep_) epochs_.pop_front();
  if (journal != nullptr) journal->forget_before(epochs_.front());
}

}  // namespace chkpt::run
