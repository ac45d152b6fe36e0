// SPDX-License-Identifier: BSD-3-Clause
// Sole owner of a file descriptor. The destructor closes silently and is for unwinding only: code
// that wrote something calls close(path), because NFS reports lost data and quota there.
#pragma once

#include <string>
#include <utility>

namespace chkpt {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset() noexcept;

  // Closes and throws IoError if the system reports an error; the descriptor is gone either way.
  void close(const std::string& path);

 private:
  int fd_ = -1;
};

}  // namespace chkpt
