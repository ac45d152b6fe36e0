/* SPDX-License-Identifier: BSD-3-Clause
 * A preloaded library that makes the n-th file system call of the program fail, fall short or be
 * its last one. Only calls that change something count: what is read is the other tests' business.
 * Inactive until fault_arm() is called, which tests find with dlsym(). One thread only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum Kind { kNone = 0, kError = 1, kShort = 2, kKill = 3 };

static int kind;
static int error_number;
static int is_sticky;
static long fail_at;
static long count;

/* fail_at 0 only counts. */
void fault_arm(int new_kind, int new_error, int sticky, long at);
long fault_disarm(void);

void fault_arm(int new_kind, int new_error, int sticky, long at) {
  error_number = new_error;
  is_sticky = sticky;
  fail_at = at;
  count = 0;
  kind = new_kind;
}

long fault_disarm(void) {
  kind = kNone;
  return count;
}

/* Is this call the one? A disk that stays full still lets files be removed and closed. */
static int is_hit(int may_stick) {
  if (kind == kNone) return 0;
  ++count;
  if (fail_at == 0) return 0;
  if (count != fail_at && !(is_sticky && may_stick && count > fail_at)) return 0;
  if (kind == kKill) {
    kill(getpid(), SIGKILL);
    pause();
  }
  errno = error_number;
  return 1;
}

static void* next(const char* name) {
  void* function = dlsym(RTLD_NEXT, name);
  if (function == NULL) {
    fprintf(stderr, "fault_shim: no %s\n", name);
    _exit(99);
  }
  return function;
}

#define WRAP(result, name, parameters, arguments, may_stick) \
  result name parameters;                                    \
  result name parameters {                                   \
    static result(*real) parameters;                         \
    if (real == NULL) *(void**)(&real) = next(#name);        \
    if (is_hit(may_stick) && kind == kError) return -1;      \
    return real arguments;                                   \
  }

WRAP(int, fsync, (int fd), (fd), 1)
WRAP(int, fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size), 1)
WRAP(int, fallocate64, (int fd, int mode, off64_t at, off64_t size), (fd, mode, at, size), 1)
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), 1)
WRAP(int, ftruncate64, (int fd, off64_t size), (fd, size), 1)
WRAP(int, mkdirat, (int fd, const char* path, mode_t mode), (fd, path, mode), 1)
WRAP(int, renameat, (int from_fd, const char* from, int to_fd, const char* to),
     (from_fd, from, to_fd, to), 1)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), 0)
WRAP(int, unlinkat, (int fd, const char* path, int flags), (fd, path, flags), 0)

/* Closing what was only read cannot lose anything. A failing close() has closed all the same. */
int close(int fd) {
  static int (*real)(int);
  if (real == NULL) *(void**)(&real) = next("close");
  const int is_written = kind != kNone && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
  const int hit = is_written && is_hit(0) && kind == kError;
  const int result = real(fd);
  if (!hit) return result;
  errno = error_number;
  return -1;
}

#define WRAP_PWRITE(name, offset_type)                                  \
  ssize_t name(int fd, const void* from, size_t size, offset_type at) { \
    static ssize_t (*real)(int, const void*, size_t, offset_type);      \
    if (real == NULL) *(void**)(&real) = next(#name);                   \
    if (is_hit(1)) {                                                    \
      if (kind == kError) return -1;                                    \
      if (size > 1) size /= 2;                                          \
    }                                                                   \
    return real(fd, from, size, at);                                    \
  }
WRAP_PWRITE(pwrite, off_t)
WRAP_PWRITE(pwrite64, off64_t)

#define WRAP_OPENAT(name)                                             \
  int name(int fd, const char* path, int flags, ...) {                \
    static int (*real)(int, const char*, int, ...);                   \
    if (real == NULL) *(void**)(&real) = next(#name);                 \
    va_list rest;                                                     \
    va_start(rest, flags);                                            \
    const mode_t mode = (flags & O_CREAT) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                     \
    if ((flags & O_CREAT) && is_hit(1) && kind == kError) return -1;  \
    return real(fd, path, flags, mode);                               \
  }
WRAP_OPENAT(openat)
WRAP_OPENAT(openat64)
