// SPDX-License-Identifier: BSD-3-Clause
#include "base/wait_for.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <vector>

#include <sys/select.h>

namespace chkpt {
namespace {

// An fd_set for any descriptor: the kernel reads as many bits as it is told.
class DescriptorSet {
 public:
  explicit DescriptorSet(int count) : words_(count / NFDBITS + 1) {}
  void add(int fd) { words_[fd / NFDBITS] |= bit(fd); }
  bool has(int fd) const { return (words_[fd / NFDBITS] & bit(fd)) != 0; }
  fd_set* get() { return reinterpret_cast<fd_set*>(words_.data()); }

 private:
  static fd_mask bit(int fd) { return static_cast<fd_mask>(1UL << (fd % NFDBITS)); }

  std::vector<fd_mask> words_;
};

int wait_by_select(pollfd* entries, std::size_t count, int timeout_ms) {
  int highest = -1;
  for (std::size_t i = 0; i < count; ++i) highest = std::max(highest, entries[i].fd);
  DescriptorSet readable(highest + 1);
  for (std::size_t i = 0; i < count; ++i) {
    if (entries[i].fd >= 0) readable.add(entries[i].fd);
  }
  timeval left{timeout_ms / 1000, (timeout_ms % 1000) * 1000};
  const int n =
      ::select(highest + 1, readable.get(), nullptr, nullptr, timeout_ms < 0 ? nullptr : &left);
  for (std::size_t i = 0; i < count; ++i) {
    const bool has = n > 0 && entries[i].fd >= 0 && readable.has(entries[i].fd);
    entries[i].revents = has ? POLLIN : 0;
  }
  return n;
}

}  // namespace

int wait_for_any(pollfd* entries, std::size_t count, int timeout_ms) {
  constexpr auto kLater = std::chrono::milliseconds(20);
  int n = ::poll(entries, count, timeout_ms);
  if (n < 0 && errno == EINVAL) n = wait_by_select(entries, count, timeout_ms);
  if (n < 0 && errno != EINTR) std::this_thread::sleep_for(kLater);
  return std::max(n, 0);
}

}  // namespace chkpt
