// SPDX-License-Identifier: BSD-3-Clause
// The C library's calls that make, copy and close descriptors without a name, exported from the
// executable: descriptors.hpp learns which numbers Python has. Others pay two comparisons.
#include <cerrno>
#include <cstdarg>
#include <cstdint>

#include <fcntl.h>
#include <pty.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "files/descriptors.hpp"
#include "files/own_descriptors.hpp"
#include "files/end_watch.hpp"
#include "files/exported_call.hpp"
#include "files/journal.hpp"

namespace end_watch = chkpt::files::end_watch;
using chkpt::files::is_called_by;
using chkpt::files::next_definition;
using chkpt::files::descriptors::forget;
using chkpt::files::descriptors::kNumbers;
using chkpt::files::descriptors::note;
using chkpt::files::descriptors::note_for_python;
using chkpt::files::descriptors::Origin;
using chkpt::files::own_descriptors::is_kept_from;

namespace {

int copy_noted(int from, int number, const void* caller) {
  if (number < 0) return number;
  end_watch::copied(from, number);
  note(number, Origin::kCopied, caller);
  return number;
}

// Without O_APPEND it may write elsewhere than at the end.
void before_flags(int fd, int flags) {
  if ((flags & O_APPEND) != 0) return;
  static const auto real = next_definition<decltype(&::fcntl)>("fcntl");
  const int now = real(fd, F_GETFL);
  if (now < 0 || (now & O_APPEND) == 0 || (now & O_ACCMODE) == O_RDONLY) return;
  if (auto* const to = chkpt::files::journal()) {
    to->touch_descriptor(fd, chkpt::files::Change::kOverwrite);
  }
}

int noted(int number, Origin origin, const void* caller) {
  if (number >= 0) note(number, origin, caller);
  return number;
}

int noted_pair(int result, int one, int other, const void* caller) {
  if (result != 0) return result;
  note(one, Origin::kMade, caller);
  note(other, Origin::kMade, caller);
  return result;
}

// The module _socket is part of the interpreter or a file of its own.
int noted_socket(int number, const void* caller) {
  if (number >= 0 && is_called_by(caller, "_socket.")) {
    note_for_python(number, Origin::kMade);
    return number;
  }
  return noted(number, Origin::kMade, caller);
}

// Nothing may take the place of one that is kept: what chkpt writes there would go into it. The
// numbers are high.
bool is_taken(int number, const void* caller) {
  if (!is_kept_from(number, caller)) return false;
  errno = EBUSY;
  return true;
}

bool copies(int command) { return command == F_DUPFD || command == F_DUPFD_CLOEXEC; }

}  // namespace

#define CHKPT_CALLER __builtin_return_address(0)

// Every command's argument, if it has one, is an int or a pointer: passed on as the wider of them.
#define CHKPT_FCNTL(name)                                                            \
  CHKPT_CALL int name(int fd, int command, ...) {                                    \
    CHKPT_NEXT(name);                                                                \
    va_list arguments;                                                               \
    va_start(arguments, command);                                                    \
    void* const argument = va_arg(arguments, void*);                                 \
    va_end(arguments);                                                               \
    if (command == F_SETFL)                                                          \
      before_flags(fd, static_cast<int>(reinterpret_cast<std::intptr_t>(argument))); \
    const int result = real(fd, command, argument);                                  \
    return copies(command) ? copy_noted(fd, result, CHKPT_CALLER) : result;          \
  }

CHKPT_FCNTL(fcntl)
CHKPT_FCNTL(fcntl64)

CHKPT_CALL int dup(int fd) noexcept {
  CHKPT_NEXT(dup);
  return copy_noted(fd, real(fd), CHKPT_CALLER);
}
CHKPT_CALL int dup2(int fd, int number) noexcept {
  CHKPT_NEXT(dup2);
  if (is_taken(number, CHKPT_CALLER)) return -1;
  const int result = real(fd, number);
  return fd == number ? result : copy_noted(fd, result, CHKPT_CALLER);
}
CHKPT_CALL int dup3(int fd, int number, int flags) noexcept {
  CHKPT_NEXT(dup3);
  if (is_taken(number, CHKPT_CALLER)) return -1;
  return copy_noted(fd, real(fd, number, flags), CHKPT_CALLER);
}

CHKPT_CALL int pipe(int* ends) noexcept {
  CHKPT_NEXT(pipe);
  const int result = real(ends);
  return noted_pair(result, ends[0], ends[1], CHKPT_CALLER);
}
CHKPT_CALL int pipe2(int* ends, int flags) noexcept {
  CHKPT_NEXT(pipe2);
  const int result = real(ends, flags);
  return noted_pair(result, ends[0], ends[1], CHKPT_CALLER);
}
CHKPT_CALL int memfd_create(const char* name, unsigned int flags) noexcept {
  CHKPT_NEXT(memfd_create);
  return noted(real(name, flags), Origin::kMade, CHKPT_CALLER);
}
CHKPT_CALL int eventfd(unsigned int count, int flags) noexcept {
  CHKPT_NEXT(eventfd);
  return noted(real(count, flags), Origin::kMade, CHKPT_CALLER);
}
CHKPT_CALL int timerfd_create(clockid_t clock, int flags) noexcept {
  CHKPT_NEXT(timerfd_create);
  return noted(real(clock, flags), Origin::kMade, CHKPT_CALLER);
}

// A socket object tells of its number itself, unless it is told to forget it (detach()).
CHKPT_CALL int socket(int domain, int type, int protocol) noexcept {
  CHKPT_NEXT(socket);
  return noted_socket(real(domain, type, protocol), CHKPT_CALLER);
}
CHKPT_CALL int socketpair(int domain, int type, int protocol, int* ends) noexcept {
  CHKPT_NEXT(socketpair);
  const int result = real(domain, type, protocol, ends);
  if (result != 0) return result;
  noted_socket(ends[0], CHKPT_CALLER);
  noted_socket(ends[1], CHKPT_CALLER);
  return result;
}
CHKPT_CALL int accept(int fd, sockaddr* address, socklen_t* length) {
  CHKPT_NEXT(accept);
  return noted_socket(real(fd, address, length), CHKPT_CALLER);
}
CHKPT_CALL int accept4(int fd, sockaddr* address, socklen_t* length, int flags) {
  CHKPT_NEXT(accept4);
  return noted_socket(real(fd, address, length, flags), CHKPT_CALLER);
}

CHKPT_CALL int posix_openpt(int flags) {
  CHKPT_NEXT(posix_openpt);
  return noted(real(flags), Origin::kMade, CHKPT_CALLER);
}
CHKPT_CALL int openpty(int* terminal, int* its_device, char* name, const termios* modes,
                       const winsize* size) noexcept {
  CHKPT_NEXT(openpty);
  const int result = real(terminal, its_device, name, modes, size);
  return noted_pair(result, *terminal, *its_device, CHKPT_CALLER);
}
CHKPT_CALL int forkpty(int* terminal, char* name, const termios* modes,
                       const winsize* size) noexcept {
  CHKPT_NEXT(forkpty);
  const int child = real(terminal, name, modes, size);
  if (child > 0) note(*terminal, Origin::kMade, CHKPT_CALLER);
  return child;
}

// Before the number is free for another thread.
CHKPT_CALL int close(int fd) {
  CHKPT_NEXT(close);
  if (is_kept_from(fd, CHKPT_CALLER)) {
    errno = EBADF;
    return -1;
  }
  forget(fd);
  end_watch::closed(fd);
  return real(fd);
}

#if __GLIBC_PREREQ(2, 34)
// Around those that are kept. The table is not that large: what lies above it nobody keeps.
CHKPT_CALL int close_range(unsigned int first, unsigned int last, int flags) noexcept {
  CHKPT_NEXT(close_range);
  if (first > last) return real(first, last, flags);  // an error
  for (unsigned int number = first; number <= last && number < kNumbers; ++number) {
    if (!is_kept_from(static_cast<int>(number), CHKPT_CALLER)) continue;
    if (number > first && real(first, number - 1, flags) != 0) return -1;
    first = number + 1;
  }
  return first > last ? 0 : real(first, last, flags);
}
#endif
