// SPDX-License-Identifier: BSD-3-Clause
#include "run/standard_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/unique_fd.hpp"
#include "files/descriptors.hpp"
#include "mpi/session.hpp"

namespace chkpt::run {
namespace {

namespace session = mpi::session;

constexpr mode_t kMode = 0666;  // as the shell
constexpr const char* kRank = "%r";

// Every rank alike, or none.
template <class F>
void on_all_ranks(F f) {
  std::string problem;
  try {
    f();
  } catch (const Error& error) {
    problem = error.what();
  }
  const session::Verdict verdict = session::agree(problem.empty(), problem);
  if (!verdict.ok) throw UsageError("--stdout: " + verdict.message);
}

}  // namespace

std::string path_of_rank(const std::string& pattern, int rank) {
  std::string path = pattern;
  const std::string number = std::to_string(rank);
  for (std::size_t at = 0; (at = path.find(kRank, at)) != std::string::npos; at += number.size())
    path.replace(at, 2, number);
  return path;
}

void StandardOutput::redirect(const Config& config, const Start& start) {
  if (config.standard_output.empty()) return;
  const std::string name = path_of_rank(config.standard_output, session::rank());
  const bool shared = session::size() > 1 && name == config.standard_output;
  std::error_code ignored;
  name_ = name;
  path_ = std::filesystem::absolute(name, ignored).string();
  const Json saved = start.meta.is_object() ? start.meta.value("stdout", Json()) : Json();
  // The first makes the file, or cuts it, before anybody writes to it.
  on_all_ranks([&] {
    if (!shared || session::rank() == 0) open(saved, shared);
  });
  on_all_ranks([&] {
    if (shared && session::rank() != 0) open(Json(), shared);
  });
}

void StandardOutput::open(const Json& saved, bool shared) {
  // What another file got so far is not in this one: it begins empty, as after `>`. The same name
  // in another folder is the same file, moved with all that is there.
  const bool goes_on =
      saved.is_object() && (saved.value("path", "") == path_ || saved.value("name", "") == name_);
  const bool first = !shared || session::rank() == 0;
  const int flags =
      O_WRONLY | O_CREAT | O_CLOEXEC | (shared ? O_APPEND : 0) | (first && !goes_on ? O_TRUNC : 0);
  const UniqueFd fd(::open(path_.c_str(), flags, kMode));
  if (!fd) throw_io("cannot open", path_, errno);
  if (goes_on) cut(fd.get(), saved.value("size", std::uint64_t{0}));
  if (::dup2(fd.get(), STDOUT_FILENO) < 0) throw_io("cannot use", path_, errno);
  files::descriptors::replaced(STDOUT_FILENO);
}

void StandardOutput::cut(int fd, std::uint64_t size) const {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return;
  const auto now = static_cast<std::uint64_t>(info.st_size);
  if (now > size && ::ftruncate(fd, static_cast<off_t>(size)) != 0)
    throw_io("cannot cut", path_, errno);
  if (now < size)
    log::error(path_ + " has " + std::to_string(now) + " bytes, at the snapshot it had " +
               std::to_string(size) + ": output is missing from it");
  if (::lseek(fd, 0, SEEK_END) < 0) throw_io("cannot append to", path_, errno);
}

Json StandardOutput::describe() const {
  // By its name: the script may have put something else in the place of descriptor 1 meanwhile.
  struct stat info {};
  if (path_.empty() || ::stat(path_.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  return {{"name", name_}, {"path", path_}, {"size", static_cast<std::uint64_t>(info.st_size)}};
}

}  // namespace chkpt::run
