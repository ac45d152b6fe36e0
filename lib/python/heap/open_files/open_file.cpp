// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/open_files/open_file.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unique_fd.hpp"
#include "files/descriptors.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

namespace descriptors = files::descriptors;

constexpr long long kDevice = -1, kDirectory = -2;
constexpr const char* kDevices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/urandom",
                                    "/dev/random"};

bool g_leaves_locks = false;

std::string quoted(const std::string& name) { return "'" + name + "'"; }

[[noreturn]] void refuse_kind(const std::string& name, mode_t mode) {
  if (S_ISFIFO(mode)) refuse("pipe " + quoted(name) + " cannot be reopened");
  if (S_ISSOCK(mode)) refuse("socket " + quoted(name) + " cannot be reopened");
  if (S_ISCHR(mode)) refuse("device " + quoted(name) + " cannot be reopened");
  refuse("file " + quoted(name) + " is not a regular file");
}

bool is_common_device(const std::string& path) {
  for (const char* device : kDevices)
    if (path == device) return true;
  return false;
}

// Copies move together. The positions are as before afterwards; no other thread uses them now.
bool share_position(int one, int other) {
  const off_t first = lseek(one, 0, SEEK_CUR), second = lseek(other, 0, SEEK_CUR);
  if (first < 0 || first != second || lseek(one, first + 1, SEEK_SET) < 0) return false;
  const bool moved = lseek(other, 0, SEEK_CUR) == first + 1;
  return lseek(one, first, SEEK_SET) == first && moved;
}

int group_of(int fd) {
  for (int lower : descriptors::lower_of_same_file(fd))
    if (share_position(lower, fd)) return lower;
  return fd;
}

// What a descriptor keeps of them; O_NOFOLLOW and the like say how it was opened, once.
int opening_flags(int flags) {
  return flags & (O_ACCMODE | O_APPEND | O_SYNC | O_DSYNC | O_DIRECT | O_NOATIME | O_NONBLOCK |
                  O_DIRECTORY | O_NOFOLLOW | O_PATH);
}

// A file that tells of this process is opened again as the new one's. What tells of one of its
// descriptors or threads need not be there.
std::string path_in_any_process(const std::string& path) {
  const std::string own = "/proc/" + std::to_string(getpid()) + "/";
  if (path.compare(0, own.size(), own) != 0) return path;
  const std::string name = path.substr(own.size());
  if (name.find('/') != std::string::npos)
    refuse("file " + quoted(path) + " tells of a descriptor or a thread of this process");
  return "/proc/self/" + name;
}

UniqueFd open_again(const OpenFile& file, const std::string& path) {
  const bool writes = (file.flags & O_ACCMODE) != O_RDONLY && file.size >= 0;
  UniqueFd fd(open(path.c_str(), file.flags | O_CLOEXEC | (writes ? O_CREAT : 0), 0666));
  if (!fd) broken("cannot reopen " + quoted(file.path) + ": " + std::strerror(errno));
  struct stat now {};
  if (fstat(fd.get(), &now) != 0 || (file.size >= 0 && now.st_size < file.size))
    broken("file " + quoted(file.path) + " is shorter than it was at the snapshot");
  if (writes && now.st_size > file.size && ftruncate(fd.get(), file.size) != 0)
    broken("cannot cut " + quoted(file.path) + " to its saved size: " + std::strerror(errno));
  return fd;
}

}  // namespace

std::string name_of_descriptor(int fd) {
  char target[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = readlink(link.c_str(), target, sizeof target - 1);
  return length > 0 ? std::string(target, static_cast<std::size_t>(length)) : "";
}

OpenFile describe_descriptor(int fd) {
  struct stat opened {
  }, named{};
  if (fstat(fd, &opened) != 0) refuse("fstat failed: " + std::string(std::strerror(errno)));
  OpenFile file;
  file.number = file.group = fd;
  file.path = name_of_descriptor(fd);
  file.flags = fcntl(fd, F_GETFL);
  const int own_flags = fcntl(fd, F_GETFD);
  if (file.flags < 0 || own_flags < 0)
    refuse("the flags of file " + quoted(file.path) + " cannot be read");
  file.flags = opening_flags(file.flags);
  file.inheritable = (own_flags & FD_CLOEXEC) == 0;
  if (is_common_device(file.path)) {
    file.size = kDevice;
    return file;
  }
  if (!S_ISREG(opened.st_mode) && !S_ISDIR(opened.st_mode)) refuse_kind(file.path, opened.st_mode);
  if (is_unlinked(file.path, opened)) {
    file.unlinked = save_unlinked(fd, file.path, opened);
    file.path = "(deleted)";
    file.flags &= ~(O_TMPFILE | O_NOFOLLOW);
  } else if (stat(file.path.c_str(), &named) != 0 || named.st_dev != opened.st_dev ||
             named.st_ino != opened.st_ino) {
    refuse("file " + quoted(file.path) + " has been renamed or replaced");
  }
  file.path = path_in_any_process(file.path);
  file.size = S_ISDIR(opened.st_mode) ? kDirectory : opened.st_size;
  if (S_ISREG(opened.st_mode)) file.group = group_of(fd);
  file.locks = ReopenedFiles::current().locks(fd);
  return file;
}

std::optional<int> copied_output(int fd) {
  struct stat info {};
  if (fd <= 2 || fstat(fd, &info) != 0) return {};
  const std::optional<int> stream = descriptors::as_standard_stream(info);
  if (!stream || *stream == 0) return {};
  // A file or device that has been opened by its name is opened by it again.
  const bool has_name = S_ISREG(info.st_mode) || is_common_device(name_of_descriptor(fd));
  return has_name && !descriptors::is_copy(fd) ? std::nullopt : stream;
}

Ref packed(const OpenFile& file) {
  return pack(text(file.path), number(file.flags), number(file.size), number(file.number),
              number(file.group), boolean(file.inheritable), packed(file.locks),
              file.unlinked ? file.unlinked : none());
}

OpenFile unpacked_file(PyObject* packed) {
  OpenFile file;
  file.path = utf8(item(packed, 0));
  file.flags = static_cast<int>(integer(item(packed, 1)));
  file.size = integer(item(packed, 2));
  file.number = static_cast<int>(integer(item(packed, 3)));
  file.group = static_cast<int>(integer(item(packed, 4)));
  file.inheritable = is_true(item(packed, 5));
  file.locks = unpacked_locks(item(packed, 6));
  if (item(packed, 7) != Py_None) file.unlinked = Ref::borrow(item(packed, 7));
  return file;
}

void ReopenedFiles::begin_load() { current() = {}; }

ReopenedFiles& ReopenedFiles::current() {
  static ReopenedFiles files;
  return files;
}

int ReopenedFiles::reopen(const OpenFile& file) {
  const auto same = by_number_.find(file.number);
  if (same != by_number_.end()) return same->second;
  const auto shared = by_group_.find(file.group);
  const std::string path = file.unlinked ? remade(file.unlinked.get()) : file.path;
  UniqueFd fd = shared == by_group_.end() ? open_again(file, path)
                                          : UniqueFd(fcntl(shared->second, F_DUPFD_CLOEXEC, 3));
  if (!fd) broken("cannot copy the descriptor of " + quoted(file.path));
  int now = fd.release();
  if (files::low_numbers::give(now, file.number, file.inheritable)) now = file.number;
  descriptors::adopt(now, descriptors::Origin::kOpened);
  if (!file.locks.empty()) locked_.emplace_back(now, file);
  by_number_[file.number] = now;
  by_group_.emplace(file.group, now);
  return now;
}

int ReopenedFiles::copy_stream(int stream, int number, bool inheritable) {
  const auto same = by_number_.find(number);
  if (same != by_number_.end()) return same->second;
  int now = fcntl(stream, F_DUPFD_CLOEXEC, 3);
  if (now < 0) broken("standard stream " + std::to_string(stream) + " cannot be copied");
  if (files::low_numbers::give(now, number, inheritable)) now = number;
  descriptors::adopt(now, descriptors::Origin::kCopied);
  by_number_[number] = now;
  return now;
}

int ReopenedFiles::reopen_exactly(const OpenFile& file) {
  const int now = reopen(file);
  if (now != file.number)
    broken("descriptor " + std::to_string(file.number) + ", which the script holds as a number (" +
           file.path + "), is in use here");
  return now;
}

void ReopenedFiles::leave_locks() { g_leaves_locks = true; }
bool ReopenedFiles::leaves_locks() { return g_leaves_locks; }

std::vector<FileLock> ReopenedFiles::locks(int fd) const {
  if (!g_leaves_locks) return locks_of(fd);
  for (const auto& [number, file] : locked_)
    if (number == fd) return file.locks;
  return {};
}

void ReopenedFiles::take_locks() {
  remade_.close();
  if (g_leaves_locks) return;
  for (const auto& [fd, file] : locked_) lock_again(fd, file.flags, file.locks, file.path);
}

}  // namespace chkpt::heap
