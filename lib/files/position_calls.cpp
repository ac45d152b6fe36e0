// SPDX-License-Identifier: BSD-3-Clause
// The C library's calls that move in an open file or write at a place of their own, exported from
// the executable: what is about to write before the end that a file had at the snapshot is told
// (end_watch.hpp). On every other descriptor they pay one comparison.
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "files/end_watch.hpp"
#include "files/exported_call.hpp"

namespace end_watch = chkpt::files::end_watch;

namespace {

// Where writing goes on from now. Nothing has been written there yet.
template <class Offset>
Offset moved(int fd, Offset position) {
  if (position >= 0) end_watch::will_write_at(fd, static_cast<off_t>(position));
  return position;
}

// A stream moves without a call that could be seen.
void before_seek(std::FILE* stream, off_t offset, int whence) {
  const int before = errno;  // one in memory has no descriptor
  const int fd = fileno(stream);
  errno = before;
  if (!end_watch::is_on(fd)) return;
  struct stat info {};
  if (whence == SEEK_CUR) offset += ftello(stream);
  if (whence == SEEK_END && fstat(fd, &info) == 0) offset += info.st_size;
  end_watch::will_write_at(fd, offset);
}

}  // namespace

#define CHKPT_LSEEK(name, Offset)                                      \
  CHKPT_CALL Offset name(int fd, Offset offset, int whence) noexcept { \
    CHKPT_NEXT(name);                                                  \
    return moved(fd, real(fd, offset, whence));                        \
  }
#define CHKPT_PWRITE(name, Offset)                                                      \
  CHKPT_CALL ssize_t name(int fd, const void* bytes, std::size_t size, Offset offset) { \
    CHKPT_NEXT(name);                                                                   \
    end_watch::will_write_at(fd, offset);                                               \
    return real(fd, bytes, size, offset);                                               \
  }
#define CHKPT_PWRITEV(name, Offset)                                                \
  CHKPT_CALL ssize_t name(int fd, const iovec* pieces, int count, Offset offset) { \
    CHKPT_NEXT(name);                                                              \
    end_watch::will_write_at(fd, offset);                                          \
    return real(fd, pieces, count, offset);                                        \
  }
// Offset -1: where the descriptor stands.
#define CHKPT_PWRITEV2(name, Offset)                                                          \
  CHKPT_CALL ssize_t name(int fd, const iovec* pieces, int count, Offset offset, int flags) { \
    CHKPT_NEXT(name);                                                                         \
    if (offset >= 0) end_watch::will_write_at(fd, offset);                                    \
    return real(fd, pieces, count, offset, flags);                                            \
  }
#define CHKPT_FSEEK(name, Offset)                                     \
  CHKPT_CALL int name(std::FILE* stream, Offset offset, int whence) { \
    CHKPT_NEXT(name);                                                 \
    before_seek(stream, offset, whence);                              \
    return real(stream, offset, whence);                              \
  }
// Where a noted position leads is the C library's secret.
#define CHKPT_FSETPOS(name, Position)                                \
  CHKPT_CALL int name(std::FILE* stream, const Position* position) { \
    CHKPT_NEXT(name);                                                \
    before_seek(stream, 0, SEEK_SET);                                \
    return real(stream, position);                                   \
  }
// They leave `to` where it is if they are told where to write.
#define CHKPT_COPY(name)                                                                    \
  CHKPT_CALL ssize_t name(int from, off64_t* from_offset, int to, off64_t* to_offset,       \
                          std::size_t size, unsigned int flags) {                           \
    CHKPT_NEXT(name);                                                                       \
    if (to_offset != nullptr) end_watch::will_write_at(to, static_cast<off_t>(*to_offset)); \
    return real(from, from_offset, to, to_offset, size, flags);                             \
  }

CHKPT_LSEEK(lseek, off_t)
CHKPT_LSEEK(lseek64, off64_t)
CHKPT_PWRITE(pwrite, off_t)
CHKPT_PWRITE(pwrite64, off64_t)
CHKPT_PWRITEV(pwritev, off_t)
CHKPT_PWRITEV(pwritev64, off64_t)
CHKPT_PWRITEV2(pwritev2, off_t)
CHKPT_PWRITEV2(pwritev64v2, off64_t)
CHKPT_FSEEK(fseek, long)
CHKPT_FSEEK(fseeko, off_t)
CHKPT_FSEEK(fseeko64, off64_t)
CHKPT_FSETPOS(fsetpos, fpos_t)
CHKPT_FSETPOS(fsetpos64, fpos64_t)
CHKPT_COPY(copy_file_range)
CHKPT_COPY(splice)

CHKPT_CALL void rewind(std::FILE* stream) {
  CHKPT_NEXT(rewind);
  before_seek(stream, 0, SEEK_SET);
  real(stream);
}
