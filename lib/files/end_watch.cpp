// SPDX-License-Identifier: BSD-3-Clause
#include "files/end_watch.hpp"

#include <atomic>
#include <cerrno>

#include <unistd.h>

#include "base/apart_thread.hpp"
#include "files/descriptors.hpp"
#include "files/journal.hpp"

namespace chkpt::files::end_watch {
namespace {

using descriptors::in_table;
using descriptors::kNumbers;

struct Watched {
  std::atomic<off_t> end{0};  // 0: not watched
  dev_t device = 0;
  ino_t inode = 0;
};
Watched g_watched[kNumbers];
pid_t g_pid = 0;

// The C library itself closes some without a call that could be seen (fclose).
bool still_the_same(int fd) {
  struct stat info {};
  return fstat(fd, &info) == 0 && info.st_dev == g_watched[fd].device &&
         info.st_ino == g_watched[fd].inode;
}

}  // namespace

void clear() noexcept {
  for (Watched& watched : g_watched) watched.end = 0;
  g_pid = getpid();
}

void forked() noexcept { g_pid = getpid(); }

bool add(int fd, const struct stat& info) noexcept {
  if (!in_table(fd)) return false;
  g_watched[fd].device = info.st_dev;
  g_watched[fd].inode = info.st_ino;
  g_watched[fd].end = info.st_size;
  return true;
}

bool is_on(int fd) noexcept {
  return in_table(fd) && g_watched[fd].end.load(std::memory_order_relaxed) > 0 &&
         !has_own_descriptors();
}

void will_write_at(int fd, off_t position) noexcept {
  if (!is_on(fd) || position >= g_watched[fd].end) return;
  auto* const to = journal();
  if (to == nullptr) return;
  const int saved_errno = errno;
  if (still_the_same(fd)) to->touch_descriptor(fd, Change::kOverwrite);
  closed(fd);
  errno = saved_errno;
}

void copied(int from, int to) noexcept {
  if (!in_table(to) || from == to || !(is_on(from) || is_on(to)) || getpid() != g_pid) return;
  const off_t end = is_on(from) ? g_watched[from].end.load() : 0;
  if (end > 0) {
    g_watched[to].device = g_watched[from].device;
    g_watched[to].inode = g_watched[from].inode;
  }
  g_watched[to].end = end;
}

void closed(int fd) noexcept {
  if (is_on(fd) && getpid() == g_pid) g_watched[fd].end = 0;
}

}  // namespace chkpt::files::end_watch
