// SPDX-License-Identifier: BSD-3-Clause
// The small files beside the snapshots: FINISHED (the script ended), RESUMES (which snapshots were
// resumed without getting further), ORIGIN (since which generation the snapshots belong together)
// and REQUEST (somebody asks for a snapshot).
#include <chrono>
#include <cerrno>

#include <fcntl.h>

#include "base/file.hpp"
#include "base/json.hpp"
#include "store/run_directory.hpp"
#include "store/trust.hpp"

namespace chkpt::store {
namespace {

constexpr char kFinishedName[] = "FINISHED";
constexpr char kResumesName[] = "RESUMES";
constexpr char kRequestName[] = "REQUEST";
constexpr char kProbePrefix[] = "PROBE-";
constexpr char kOriginName[] = "ORIGIN";
constexpr std::size_t kLongestMark = 1 << 20;
constexpr int kAttemptsBeforeSuspect = 2;

std::optional<Json> read_mark(const Directory& directory, const char* name) {
  const auto fd = directory.open_file_if_there(name, O_RDONLY);
  if (!fd) return std::nullopt;
  const std::string path = directory.path_of(name);
  struct stat info {};
  if (::fstat(fd->get(), &info) != 0) throw_io("cannot examine", path, errno);
  require_own_file(info, path);
  return parse_json(read_text(*fd, path, kLongestMark), path);
}

void write_mark(const Directory& directory, const std::string& name, const Json& value) {
  directory.unlink(name + ".part");  // of a process that was killed here
  PendingFile file(directory, name);
  const std::string text = dump_json(value) + "\n";
  file.append(ByteView(std::string_view(text)));
  file.publish(0600);
  directory.sync();
}

// {"attempts": {"420": 1}, "suspect": [419]}. Unreadable marks count as none: they only make a
// resume more careful, never possible or impossible.
struct Resumes {
  std::map<std::string, int> attempts;
  std::set<std::uint64_t> suspects;

  static Resumes read(const Directory& directory) {
    Resumes out;
    try {
      const auto mark = read_mark(directory, kResumesName);
      if (!mark) return out;
      out.attempts = mark->at("attempts").get<std::map<std::string, int>>();
      out.suspects = mark->at("suspect").get<std::set<std::uint64_t>>();
    } catch (const FormatError&) {
      return {};
    } catch (const Json::exception&) {
      return {};
    }
    return out;
  }
  void write(const Directory& directory) const {
    write_mark(directory, kResumesName, Json{{"attempts", attempts}, {"suspect", suspects}});
  }
};

}  // namespace

void RunDirectory::note_resume_attempt(std::uint64_t epoch) {
  Resumes resumes = Resumes::read(directory_);
  const int attempts = ++resumes.attempts[std::to_string(epoch)];
  if (attempts >= kAttemptsBeforeSuspect) resumes.suspects.insert(epoch);
  resumes.write(directory_);
}

bool RunDirectory::suspect(std::uint64_t epoch) const {
  return Resumes::read(directory_).suspects.count(epoch) > 0;
}

void RunDirectory::clear_resume_attempts() {
  Resumes resumes = Resumes::read(directory_);
  if (resumes.attempts.empty()) return;
  resumes.attempts.clear();
  resumes.write(directory_);
}

void RunDirectory::start_afresh(const Generation& generation) {
  write_mark(directory_, kOriginName, Json{{"generation", generation.number}});
}

std::uint64_t RunDirectory::origin() const {
  const auto mark = read_mark(directory_, kOriginName);
  if (!mark) return 0;
  try {
    return mark->at("generation").get<std::uint64_t>();
  } catch (const Json::exception& error) {
    throw FormatError(directory_.path_of(kOriginName) + ": " + error.what());
  }
}

void RunDirectory::mark_finished(const Finished& end) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  write_mark(directory_, kFinishedName,
             Json{{"format", 1},
                  {"exit_code", end.exit_code},
                  {"job", end.job},
                  {"restart", end.restart},
                  {"identity", end.identity},
                  {"time_unix_ns", ns}});
}

std::optional<Finished> RunDirectory::finished() const {
  const auto mark = read_mark(directory_, kFinishedName);
  if (!mark) return std::nullopt;
  try {
    return Finished{mark->at("exit_code").get<int>(), mark->at("job").get<std::string>(),
                    mark->at("restart").get<int>(), mark->at("identity").get<std::string>(),
                    mark->at("time_unix_ns").get<std::int64_t>()};
  } catch (const Json::exception& error) {
    throw FormatError(directory_.path_of(kFinishedName) + ": " + error.what());
  }
}

void RunDirectory::clear_finished() {
  if (directory_.unlink(kFinishedName)) directory_.sync();
}

void RunDirectory::place_probe(const std::string& name) {
  directory_.open_file(kProbePrefix + name, O_WRONLY | O_CREAT | O_EXCL, 0600);
}

bool RunDirectory::sees_probe(const std::string& name) const {
  return directory_.stat(kProbePrefix + name).has_value();
}

void RunDirectory::remove_probe(const std::string& name) noexcept {
  try {
    directory_.unlink(kProbePrefix + name);
  } catch (const IoError&) {
    // An empty file more in there.
  }
}

bool RunDirectory::take_request() { return directory_.unlink(kRequestName); }

}  // namespace chkpt::store
