// SPDX-License-Identifier: BSD-3-Clause
#include "base/unique_fd.hpp"

#include <cerrno>

#include <unistd.h>

#include "base/file.hpp"

namespace chkpt {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void UniqueFd::reset() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void UniqueFd::close(const std::string& path) {
  // Linux releases the descriptor even when close() is interrupted, so it is never repeated.
  const int fd = std::exchange(fd_, -1);
  if (fd >= 0 && ::close(fd) != 0 && errno != EINTR) throw_io("cannot close", path, errno);
}

}  // namespace chkpt
