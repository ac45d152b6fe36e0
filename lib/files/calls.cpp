// SPDX-License-Identifier: BSD-3-Clause
// The C library's calls that change files by name, exported from the executable: Python, its
// extension modules and the libraries under them (HDF5, SQLite, ...) find these first. Each tells
// the journal and goes on to the real one. Calls that only read pay one comparison. What is opened
// for Python is noted by its number (descriptors.hpp).
#undef _FORTIFY_SOURCE  // its inline versions of open() would clash with these definitions
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/descriptors.hpp"
#include "files/exported_call.hpp"
#include "files/journal.hpp"

using chkpt::files::Change;
using chkpt::files::is_called_by;
using chkpt::files::journal;

namespace {

bool takes_mode(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

void before_open(int dirfd, const char* path, int flags) {
  constexpr int kChanges = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
  if ((flags & kChanges) == 0) return;
  auto* const to = journal();
  if (to == nullptr || (flags & O_PATH) != 0 || (flags & O_TMPFILE) == O_TMPFILE) return;
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  Change change = Change::kOverwrite;
  if ((flags & O_EXCL) != 0 || (!writes && (flags & O_TRUNC) == 0)) {
    change = Change::kCreate;
  } else if ((flags & O_APPEND) != 0 && (flags & O_TRUNC) == 0) {
    change = Change::kAppend;
  }
  to->touch(dirfd, path, change, (flags & (O_EXCL | O_NOFOLLOW)) == 0);
}

void before_fopen(const char* path, const char* mode) {
  const bool updates = std::strchr(mode, '+') != nullptr;
  if (*mode == 'r' && !updates) return;
  if (auto* const to = journal()) {
    Change change = *mode == 'a' ? Change::kAppend : Change::kOverwrite;
    if (*mode == 'w' && std::strchr(mode, 'x') != nullptr) change = Change::kCreate;
    to->touch(AT_FDCWD, path, change, true);
  }
}

void before(int dirfd, const char* path, Change change) {
  if (auto* const to = journal()) to->touch(dirfd, path, change, false);
}

// From then on the file may be changed by the other name: what it is now is kept.
void before_link(int from_dirfd, const char* from, int to_dirfd, const char* to, bool follow) {
  auto* const log = journal();
  if (log == nullptr) return;
  log->touch(from_dirfd, from, Change::kGiveUp, follow);
  log->touch(to_dirfd, to, Change::kCreate, false);
}

int opened(int number, const void* caller) {
  if (number >= 0) {
    chkpt::files::descriptors::note(number, chkpt::files::descriptors::Origin::kOpened, caller);
  }
  return number;
}

// A file that was opened for appending may be cut all the same.
void before_ftruncate(int fd) {
  if (auto* const to = journal()) to->touch_descriptor(fd, Change::kOverwrite);
}

void before_shared_memory(const char* name, Change change) {
  auto* const to = journal();
  if (to == nullptr) return;
  to->touch_script_memory(std::string("/dev/shm/") + (*name == '/' ? name + 1 : name), change);
}

mode_t mode_argument(int flags, va_list arguments) {
  return takes_mode(flags) ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
}

}  // namespace

#define CHKPT_OPEN(name)                                                 \
  CHKPT_CALL int name(const char* path, int flags, ...) {                \
    CHKPT_NEXT(name);                                                    \
    va_list arguments;                                                   \
    va_start(arguments, flags);                                          \
    const mode_t mode = mode_argument(flags, arguments);                 \
    va_end(arguments);                                                   \
    before_open(AT_FDCWD, path, flags);                                  \
    return opened(real(path, flags, mode), __builtin_return_address(0)); \
  }
#define CHKPT_OPENAT(name)                                                      \
  CHKPT_CALL int name(int dirfd, const char* path, int flags, ...) {            \
    CHKPT_NEXT(name);                                                           \
    va_list arguments;                                                          \
    va_start(arguments, flags);                                                 \
    const mode_t mode = mode_argument(flags, arguments);                        \
    va_end(arguments);                                                          \
    before_open(dirfd, path, flags);                                            \
    return opened(real(dirfd, path, flags, mode), __builtin_return_address(0)); \
  }
// What code compiled with _FORTIFY_SOURCE calls when it passes no mode.
#define CHKPT_OPEN_2(name)                                         \
  CHKPT_CALL int name(const char* path, int flags);                \
  CHKPT_CALL int name(const char* path, int flags) {               \
    CHKPT_NEXT(name);                                              \
    before_open(AT_FDCWD, path, flags);                            \
    return opened(real(path, flags), __builtin_return_address(0)); \
  }
#define CHKPT_OPENAT_2(name)                                              \
  CHKPT_CALL int name(int dirfd, const char* path, int flags);            \
  CHKPT_CALL int name(int dirfd, const char* path, int flags) {           \
    CHKPT_NEXT(name);                                                     \
    before_open(dirfd, path, flags);                                      \
    return opened(real(dirfd, path, flags), __builtin_return_address(0)); \
  }
#define CHKPT_FOPEN(name)                                     \
  CHKPT_CALL FILE* name(const char* path, const char* mode) { \
    CHKPT_NEXT(name);                                         \
    before_fopen(path, mode);                                 \
    return real(path, mode);                                  \
  }
#define CHKPT_FREOPEN(name)                                                 \
  CHKPT_CALL FILE* name(const char* path, const char* mode, FILE* stream) { \
    CHKPT_NEXT(name);                                                       \
    if (path != nullptr) before_fopen(path, mode);                          \
    return real(path, mode, stream);                                        \
  }

CHKPT_OPEN(open)
CHKPT_OPEN(open64)
CHKPT_OPENAT(openat)
CHKPT_OPENAT(openat64)
CHKPT_OPEN_2(__open_2)
CHKPT_OPEN_2(__open64_2)
CHKPT_OPENAT_2(__openat_2)
CHKPT_OPENAT_2(__openat64_2)
CHKPT_FOPEN(fopen)
CHKPT_FOPEN(fopen64)
CHKPT_FREOPEN(freopen)
CHKPT_FREOPEN(freopen64)

CHKPT_CALL int creat(const char* path, mode_t mode) {
  return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}
CHKPT_CALL int creat64(const char* path, mode_t mode) {
  return open64(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

CHKPT_CALL int truncate(const char* path, off_t size) noexcept {
  CHKPT_NEXT(truncate);
  if (auto* const to = journal()) to->touch(AT_FDCWD, path, Change::kOverwrite, true);
  return real(path, size);
}
CHKPT_CALL int truncate64(const char* path, off64_t size) noexcept {
  CHKPT_NEXT(truncate64);
  if (auto* const to = journal()) to->touch(AT_FDCWD, path, Change::kOverwrite, true);
  return real(path, size);
}
CHKPT_CALL int ftruncate(int fd, off_t size) noexcept {
  CHKPT_NEXT(ftruncate);
  before_ftruncate(fd);
  return real(fd, size);
}
CHKPT_CALL int ftruncate64(int fd, off64_t size) noexcept {
  CHKPT_NEXT(ftruncate64);
  before_ftruncate(fd);
  return real(fd, size);
}

CHKPT_CALL int chmod(const char* path, mode_t mode) noexcept {
  CHKPT_NEXT(chmod);
  if (auto* const to = journal()) to->touch(AT_FDCWD, path, Change::kMode, true);
  return real(path, mode);
}
CHKPT_CALL int fchmodat(int dirfd, const char* path, mode_t mode, int flags) noexcept {
  CHKPT_NEXT(fchmodat);
  const bool follow = (flags & AT_SYMLINK_NOFOLLOW) == 0;
  if (auto* const to = journal()) to->touch(dirfd, path, Change::kMode, follow);
  return real(dirfd, path, mode, flags);
}
CHKPT_CALL int fchmod(int fd, mode_t mode) noexcept {
  CHKPT_NEXT(fchmod);
  if (auto* const to = journal()) to->touch_descriptor(fd, Change::kMode);
  return real(fd, mode);
}

CHKPT_CALL int rename(const char* from, const char* to) noexcept {
  CHKPT_NEXT(rename);
  if (auto* const log = journal()) log->touch_rename(AT_FDCWD, from, AT_FDCWD, to);
  return real(from, to);
}
CHKPT_CALL int renameat(int from_dirfd, const char* from, int to_dirfd, const char* to) noexcept {
  CHKPT_NEXT(renameat);
  if (auto* const log = journal()) log->touch_rename(from_dirfd, from, to_dirfd, to);
  return real(from_dirfd, from, to_dirfd, to);
}
CHKPT_CALL int renameat2(int from_dirfd, const char* from, int to_dirfd, const char* to,
                         unsigned int flags) noexcept {
  CHKPT_NEXT(renameat2);
  if (auto* const log = journal()) log->touch_rename(from_dirfd, from, to_dirfd, to);
  return real(from_dirfd, from, to_dirfd, to, flags);
}

CHKPT_CALL int unlink(const char* path) noexcept {
  CHKPT_NEXT(unlink);
  before(AT_FDCWD, path, Change::kGiveUp);
  return real(path);
}
// Shared memory by a name is a file in /dev/shm. Only multiprocessing's is the script's: that of
// libraries (MPI's) is none of the journal's business.
CHKPT_CALL int shm_open(const char* name, int flags, mode_t mode) {
  CHKPT_NEXT(shm_open);
  if (!is_called_by(__builtin_return_address(0), "_posixshmem")) return real(name, flags, mode);
  before_shared_memory(name, (flags & O_EXCL) != 0 ? Change::kCreate : Change::kOverwrite);
  const int number = real(name, flags, mode);
  if (number >= 0) {
    using namespace chkpt::files::descriptors;
    note_for_python(number, Origin::kOpened);
  }
  return number;
}
CHKPT_CALL int shm_unlink(const char* name) {
  CHKPT_NEXT(shm_unlink);
  if (is_called_by(__builtin_return_address(0), "_posixshmem")) {
    before_shared_memory(name, Change::kGiveUp);
  }
  return real(name);
}

CHKPT_CALL int unlinkat(int dirfd, const char* path, int flags) noexcept {
  CHKPT_NEXT(unlinkat);
  before(dirfd, path, Change::kGiveUp);
  return real(dirfd, path, flags);
}
CHKPT_CALL int remove(const char* path) noexcept {
  CHKPT_NEXT(remove);
  before(AT_FDCWD, path, Change::kGiveUp);
  return real(path);
}
CHKPT_CALL int rmdir(const char* path) noexcept {
  CHKPT_NEXT(rmdir);
  before(AT_FDCWD, path, Change::kGiveUp);
  return real(path);
}

CHKPT_CALL int mkdir(const char* path, mode_t mode) noexcept {
  CHKPT_NEXT(mkdir);
  before(AT_FDCWD, path, Change::kCreate);
  return real(path, mode);
}
CHKPT_CALL int mkdirat(int dirfd, const char* path, mode_t mode) noexcept {
  CHKPT_NEXT(mkdirat);
  before(dirfd, path, Change::kCreate);
  return real(dirfd, path, mode);
}
CHKPT_CALL int mkfifo(const char* path, mode_t mode) noexcept {
  CHKPT_NEXT(mkfifo);
  before(AT_FDCWD, path, Change::kCreate);
  return real(path, mode);
}
CHKPT_CALL int mkfifoat(int dirfd, const char* path, mode_t mode) noexcept {
  CHKPT_NEXT(mkfifoat);
  before(dirfd, path, Change::kCreate);
  return real(dirfd, path, mode);
}
CHKPT_CALL int mknod(const char* path, mode_t mode, dev_t device) noexcept {
  CHKPT_NEXT(mknod);
  before(AT_FDCWD, path, Change::kCreate);
  return real(path, mode, device);
}
CHKPT_CALL int mknodat(int dirfd, const char* path, mode_t mode, dev_t device) noexcept {
  CHKPT_NEXT(mknodat);
  before(dirfd, path, Change::kCreate);
  return real(dirfd, path, mode, device);
}
CHKPT_CALL int link(const char* from, const char* to) noexcept {
  CHKPT_NEXT(link);
  before_link(AT_FDCWD, from, AT_FDCWD, to, false);
  return real(from, to);
}
CHKPT_CALL int linkat(int from_dirfd, const char* from, int to_dirfd, const char* to,
                      int flags) noexcept {
  CHKPT_NEXT(linkat);
  before_link(from_dirfd, from, to_dirfd, to, (flags & AT_SYMLINK_FOLLOW) != 0);
  return real(from_dirfd, from, to_dirfd, to, flags);
}
CHKPT_CALL int symlink(const char* target, const char* path) noexcept {
  CHKPT_NEXT(symlink);
  before(AT_FDCWD, path, Change::kCreate);
  return real(target, path);
}
CHKPT_CALL int symlinkat(const char* target, int dirfd, const char* path) noexcept {
  CHKPT_NEXT(symlinkat);
  before(dirfd, path, Change::kCreate);
  return real(target, dirfd, path);
}
