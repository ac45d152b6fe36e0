// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/open_files/file_locks.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sys/file.h>

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

using Kind = FileLock::Kind;

// "lock:  1: FLOCK  ADVISORY  WRITE 4242 fe:01:77 0 EOF" (fs/locks.c: lock_get_status)
bool parse(const std::string& line, FileLock* lock) {
  std::istringstream words(line);
  std::string label, number, kind, advisory, access, pid, file, begin, end;
  if (!(words >> label >> number >> kind >> advisory >> access >> pid >> file >> begin >> end) ||
      label != "lock:")
    return false;
  if (kind != "FLOCK" && kind != "POSIX" && kind != "OFDLCK") return false;
  lock->kind = kind == "FLOCK"   ? Kind::kWhole
               : kind == "POSIX" ? Kind::kRange
                                 : Kind::kOpenFileRange;
  lock->exclusive = access == "WRITE";
  lock->begin = std::stoll(begin);
  lock->length = end == "EOF" ? 0 : std::stoll(end) - lock->begin + 1;
  return true;
}

int take(int fd, const FileLock& lock) {
  if (lock.kind == Kind::kWhole) return flock(fd, (lock.exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB);
  struct flock range {};
  range.l_type = lock.exclusive ? F_WRLCK : F_RDLCK;
  range.l_whence = SEEK_SET;
  range.l_start = lock.begin;
  range.l_len = lock.length;
  return fcntl(fd, lock.kind == Kind::kRange ? F_SETLK : F_OFD_SETLK, &range);
}

}  // namespace

std::vector<FileLock> locks_of(int fd) {
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd));
  std::vector<FileLock> locks;
  FileLock lock;
  for (std::string line; std::getline(info, line);)
    if (parse(line, &lock)) locks.push_back(lock);
  return locks;
}

void lock_again(int fd, int flags, const std::vector<FileLock>& locks, const std::string& path) {
  for (const FileLock& lock : locks) {
    const int access = flags & O_ACCMODE;
    const bool possible =
        lock.kind == Kind::kWhole || access != (lock.exclusive ? O_RDONLY : O_WRONLY);
    if (possible && take(fd, lock) != 0)
      broken("the script's lock on '" + path + "' cannot be taken again: " + std::strerror(errno));
  }
}

Ref packed(const std::vector<FileLock>& locks) {
  const Ref list = new_list();
  for (const FileLock& lock : locks)
    append(list, pack(number(static_cast<long long>(lock.kind)), boolean(lock.exclusive),
                      number(lock.begin), number(lock.length)));
  return list;
}

std::vector<FileLock> unpacked_locks(PyObject* packed) {
  std::vector<FileLock> locks;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(packed); ++i) {
    PyObject* saved = PyList_GET_ITEM(packed, i);
    locks.push_back({static_cast<Kind>(integer(item(saved, 0))), is_true(item(saved, 1)),
                     integer(item(saved, 2)), integer(item(saved, 3))});
  }
  return locks;
}

}  // namespace chkpt::heap
