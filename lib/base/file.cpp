// SPDX-License-Identifier: BSD-3-Clause
#include "base/file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <climits>
#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/units.hpp"

namespace chkpt {
namespace {

// One call moves at most this much: Linux stops at 2 GiB anyway.
constexpr std::size_t kLargestTransfer = std::size_t{1} << 30;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// The mount point that holds `path`: what people know a disk by.
std::string mount_point(const std::string& path) {
  char resolved[PATH_MAX];
  std::string here = parent_of(path);
  if (::realpath(here.c_str(), resolved) == nullptr) return here;
  here = resolved;
  struct stat below {};
  if (::stat(here.c_str(), &below) != 0) return here;
  while (here != "/") {
    struct stat above {};
    const std::string parent = parent_of(here);
    if (::stat(parent.c_str(), &above) != 0 || above.st_dev != below.st_dev) break;
    here = parent;
  }
  return here;
}

std::string full_disk_text(const std::string& path, int error, std::uint64_t needed) {
  const std::string disk = mount_point(path);
  std::string text = error == EDQUOT ? "disk quota exceeded on " + disk : disk + " is full";
  if (needed > 0) text += ": " + format_bytes(needed) + " needed";
  struct statvfs disk_info {};
  if (error == ENOSPC && ::statvfs(parent_of(path).c_str(), &disk_info) == 0) {
    const std::uint64_t free_bytes = std::uint64_t{disk_info.f_bavail} * disk_info.f_frsize;
    text += (needed > 0 ? ", " : ": ") + format_bytes(free_bytes) + " free";
  }
  return text + " (" + path + ")";
}

}  // namespace

std::string errno_text(int errno_value) {
  char buffer[128];
  return ::strerror_r(errno_value, buffer, sizeof buffer);  // the GNU variant returns the text
}

void throw_io(const std::string& action, const std::string& path, int errno_value,
              std::uint64_t needed_bytes) {
  if (errno_value == ENOSPC || errno_value == EDQUOT) {
    throw IoError(full_disk_text(path, errno_value, needed_bytes), errno_value);
  }
  if (errno_value == EFBIG && needed_bytes > 0) {
    throw IoError(path + " needs " + format_bytes(needed_bytes) +
                      ", more than the file size limit (ulimit -f)",
                  errno_value);
  }
  throw IoError(action + " " + path + ": " + errno_text(errno_value), errno_value);
}

void write_all(int fd, ByteView bytes, std::uint64_t offset, const std::string& path,
               std::uint64_t needed_bytes) {
  while (bytes.size > 0) {
    const std::size_t piece = std::min(bytes.size, kLargestTransfer);
    const ssize_t n = ::pwrite(fd, bytes.data, piece, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    // Writing nothing without an error would loop for ever; no file system should do it.
    if (n <= 0) throw_io("cannot write", path, n < 0 ? errno : EIO, needed_bytes);
    bytes = {bytes.data + n, bytes.size - static_cast<std::size_t>(n)};
    offset += static_cast<std::uint64_t>(n);
  }
}

void read_all(int fd, void* out, std::size_t size, std::uint64_t offset, const std::string& path) {
  auto* to = static_cast<std::uint8_t*>(out);
  while (size > 0) {
    const std::size_t piece = std::min(size, kLargestTransfer);
    const ssize_t n = ::pread(fd, to, piece, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw_io("cannot read", path, errno);
    if (n == 0) throw FormatError(path + ": ends at byte " + std::to_string(offset));
    to += n;
    offset += static_cast<std::uint64_t>(n);
    size -= static_cast<std::size_t>(n);
  }
}

void sync_file(int fd, const std::string& path) {
  int result = 0;
  do {
    result = ::fsync(fd);
  } while (result != 0 && errno == EINTR);
  if (result != 0) throw_io("cannot make durable", path, errno);
}

std::string read_text(const UniqueFd& fd, const std::string& path, std::size_t limit) {
  std::string text;
  char buffer[8192];
  for (;;) {
    const ssize_t n = ::pread(fd.get(), buffer, sizeof buffer, static_cast<off_t>(text.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw_io("cannot read", path, errno);
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
    if (text.size() > limit) {
      throw FormatError(path + ": longer than " + format_bytes(limit));
    }
  }
}

FileSizeSignalGuard::FileSizeSignalGuard() {
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &only, &before_);
  was_blocked_ = sigismember(&before_, SIGXFSZ) == 1;
}

FileSizeSignalGuard::~FileSizeSignalGuard() {
  if (was_blocked_) return;
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, SIGXFSZ);
  const timespec no_wait{0, 0};
  while (sigtimedwait(&only, nullptr, &no_wait) == SIGXFSZ) {
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace chkpt
