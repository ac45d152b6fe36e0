// SPDX-License-Identifier: BSD-3-Clause
#include "python/launch/launch_spec.hpp"

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"

namespace chkpt::python {
namespace {

constexpr std::pair<LaunchSpec::Kind, const char*> kKindNames[] = {
    {LaunchSpec::Kind::kScript, "script"},   {LaunchSpec::Kind::kModule, "module"},
    {LaunchSpec::Kind::kCommand, "command"}, {LaunchSpec::Kind::kStdin, "stdin"},
    {LaunchSpec::Kind::kPath, "path"},
};

UsageError cannot_read(const std::string& what, int error) {
  return UsageError("cannot read " + what + ": " + std::strerror(error));
}

// A zip archive may have anything in front (a #! line); its end-of-directory record is within the
// last 22 bytes plus a comment of at most 64 KiB. Python decides for good; here it is only a name.
bool looks_like_zip(int fd, off_t size) {
  const off_t tail = size < 65557 ? size : 65557;
  std::string end(static_cast<std::size_t>(tail), '\0');
  const ssize_t n = ::pread(fd, end.data(), end.size(), size - tail);
  return n > 0 && end.find(std::string("PK\5\6", 4)) != std::string::npos;
}

std::string read_all(int fd, bool keep_offset) {
  std::string text;
  char block[65536];
  off_t offset = keep_offset ? ::lseek(fd, 0, SEEK_CUR) : 0;
  for (;;) {
    const ssize_t n =
        keep_offset ? ::pread(fd, block, sizeof block, offset) : ::read(fd, block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw cannot_read("the program on standard input", errno);
    if (n == 0) return text;
    text.append(block, static_cast<std::size_t>(n));
    offset += n;
  }
}

// A pipe can be read once only: standard input becomes a memory file with the same text.
void replace_stdin(const std::string& text) {
  const int fd = ::memfd_create("stdin", MFD_CLOEXEC);
  if (fd < 0) throw IoError(std::string("memfd_create: ") + std::strerror(errno), errno);
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int error = errno;
      ::close(fd);
      throw IoError(std::string("keeping standard input: ") + std::strerror(error), error);
    }
    done += static_cast<std::size_t>(n);
  }
  const bool placed = ::lseek(fd, 0, SEEK_SET) == 0 && ::dup2(fd, STDIN_FILENO) >= 0;
  const int error = errno;
  ::close(fd);
  if (!placed) throw IoError(std::string("keeping standard input: ") + std::strerror(error), error);
}

std::string absolute(const std::string& path) {
  char resolved[PATH_MAX];
  return ::realpath(path.c_str(), resolved) ? resolved : path;
}

}  // namespace

const char* kind_name(LaunchSpec::Kind kind) {
  for (const auto& [value, name] : kKindNames)
    if (value == kind) return name;
  return "script";
}

std::optional<LaunchSpec::Kind> kind_from_name(const std::string& name) {
  for (const auto& [value, text] : kKindNames)
    if (name == text) return value;
  return std::nullopt;
}

void resolve_target(LaunchSpec& spec) {
  if (spec.kind != LaunchSpec::Kind::kScript && spec.kind != LaunchSpec::Kind::kPath) return;
  const int fd = ::open(spec.value.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw cannot_read(spec.value, errno);
  struct stat info {};
  const bool known = ::fstat(fd, &info) == 0;
  const bool is_directory = known && S_ISDIR(info.st_mode);
  const bool is_zip = known && S_ISREG(info.st_mode) && looks_like_zip(fd, info.st_size);
  ::close(fd);
  if (is_directory && ::access((spec.value + "/__main__.py").c_str(), R_OK) != 0 &&
      ::access((spec.value + "/__main__.pyc").c_str(), R_OK) != 0)
    throw UsageError(spec.value + " is a directory without a readable __main__.py");
  spec.kind = is_directory || is_zip ? LaunchSpec::Kind::kPath : LaunchSpec::Kind::kScript;
}

void load_stdin(LaunchSpec& spec) {
  if (spec.kind != LaunchSpec::Kind::kStdin) return;
  if (::isatty(STDIN_FILENO))
    throw UsageError("standard input is a terminal: chkpt-mpi runs programs, not sessions");
  struct stat info {};
  if (::fstat(STDIN_FILENO, &info) != 0) throw cannot_read("standard input", errno);
  const bool seekable = S_ISREG(info.st_mode);
  spec.value = read_all(STDIN_FILENO, seekable);
  if (!seekable) replace_stdin(spec.value);
}

std::string identity_text(const LaunchSpec& spec) {
  const bool is_file =
      spec.kind == LaunchSpec::Kind::kScript || spec.kind == LaunchSpec::Kind::kPath;
  // The NUL between the parts cannot occur inside an argument.
  std::string text = is_file ? "file" : kind_name(spec.kind);
  text += '\0' + (is_file ? absolute(spec.value) : spec.value);
  for (const auto& arg : spec.args) text += '\0' + arg;
  return text;
}

}  // namespace chkpt::python
