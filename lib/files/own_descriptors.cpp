// SPDX-License-Identifier: BSD-3-Clause
#include "files/own_descriptors.hpp"

#include <atomic>
#include <cerrno>
#include <string>

#include <sys/stat.h>

#include "base/open_descriptors.hpp"
#include "files/descriptors.hpp"

namespace chkpt::files::own_descriptors {
namespace {

using descriptors::in_table;
using descriptors::kNumbers;

struct Kept {
  std::atomic<bool> on{false};
  dev_t device = 0;
  ino_t inode = 0;
};
Kept g_kept[kNumbers];

std::set<int> open_now() {
  std::set<int> found;
  for (const OpenDescriptor& open : open_descriptors()) found.insert(open.number);
  return found;
}

}  // namespace

void keep(int number) noexcept {
  struct stat info {};
  if (!in_table(number) || fstat(number, &info) != 0) return;
  g_kept[number].device = info.st_dev;
  g_kept[number].inode = info.st_ino;
  g_kept[number].on = true;
}

Keeping::Keeping() : before_(open_now()) {}

Keeping::~Keeping() {
  for (const int number : open_now())
    if (before_.count(number) == 0) keep(number);
}

void keep_no_more() noexcept {
  for (Kept& kept : g_kept) kept.on = false;
}

bool is_kept_from(int number, const void* caller) noexcept {
  if (!in_table(number) || !g_kept[number].on.load(std::memory_order_relaxed)) return false;
  if (!descriptors::is_call_of_python(caller)) return false;
  const int saved = errno;
  struct stat info {};
  const bool same = fstat(number, &info) == 0 && info.st_dev == g_kept[number].device &&
                    info.st_ino == g_kept[number].inode;
  errno = saved;
  return same;
}

}  // namespace chkpt::files::own_descriptors
