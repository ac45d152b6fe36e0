// SPDX-License-Identifier: BSD-3-Clause
// An open directory. All names are looked up relative to its descriptor and never through a
// symbolic link, so that what was checked is what is used, whatever happens to the path meanwhile.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <sys/types.h>

#include "base/unique_fd.hpp"

namespace chkpt {

class Directory {
 public:
  // The last component must be a directory, not a symbolic link to one. Throws IoError.
  static Directory open(const std::string& path);
  Directory(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Directory open_child(const std::string& name) const;

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }
  struct stat stat() const;

  std::vector<std::string> names() const;                          // sorted, without "." and ".."
  std::optional<struct stat> stat(const std::string& name) const;  // of the link itself
  bool contains(const std::string& name) const { return stat(name).has_value(); }

  // Never follows a link and never waits on a FIFO.
  UniqueFd open_file(const std::string& name, int flags, mode_t mode = 0) const;
  std::optional<UniqueFd> open_file_if_there(const std::string& name, int flags) const;

  bool create_child(const std::string& name, mode_t mode) const;  // false: exists already
  bool unlink(const std::string& name) const;                     // false: was not there
  bool remove_child(const std::string& name) const;               // false: not there or not empty
  void rename(const std::string& from, const std::string& to) const;
  void sync() const;

 private:
  UniqueFd fd_;
  std::string path_;
};

}  // namespace chkpt
