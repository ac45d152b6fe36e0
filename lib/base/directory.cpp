// SPDX-License-Identifier: BSD-3-Clause
#include "base/directory.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/file.hpp"

namespace chkpt {
namespace {

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

}  // namespace

Directory Directory::open(const std::string& path) {
  std::string clean = path;
  // A trailing slash would make the kernel follow a link after all.
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  UniqueFd fd(::open(clean.c_str(), kDirectoryFlags));
  if (!fd) throw_io("cannot open directory", clean, errno);
  return {std::move(fd), std::move(clean)};
}

Directory Directory::open_child(const std::string& name) const {
  UniqueFd fd(::openat(fd_.get(), name.c_str(), kDirectoryFlags));
  if (!fd) throw_io("cannot open directory", path_of(name), errno);
  return {std::move(fd), path_of(name)};
}

struct stat Directory::stat() const {
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0) throw_io("cannot examine", path_, errno);
  return info;
}

std::vector<std::string> Directory::names() const {
  UniqueFd copy(::openat(fd_.get(), ".", kDirectoryFlags));
  if (!copy) throw_io("cannot list", path_, errno);
  const std::unique_ptr<DIR, CloseDir> dir(::fdopendir(copy.get()));
  if (!dir) throw_io("cannot list", path_, errno);
  (void)copy.release();  // closedir closes it
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
    errno = 0;
  }
  if (errno != 0) throw_io("cannot list", path_, errno);
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<struct stat> Directory::stat(const std::string& name) const {
  struct stat info {};
  if (::fstatat(fd_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) return info;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw_io("cannot examine", path_of(name), errno);
}

UniqueFd Directory::open_file(const std::string& name, int flags, mode_t mode) const {
  UniqueFd fd(::openat(fd_.get(), name.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode));
  if (!fd) throw_io("cannot open", path_of(name), errno);
  return fd;
}

std::optional<UniqueFd> Directory::open_file_if_there(const std::string& name, int flags) const {
  try {
    return open_file(name, flags);
  } catch (const IoError& error) {
    if (error.errno_value() == ENOENT) return std::nullopt;
    throw;
  }
}

bool Directory::create_child(const std::string& name, mode_t mode) const {
  if (::mkdirat(fd_.get(), name.c_str(), mode) == 0) return true;
  if (errno == EEXIST) return false;
  throw_io("cannot create directory", path_of(name), errno);
}

bool Directory::unlink(const std::string& name) const {
  if (::unlinkat(fd_.get(), name.c_str(), 0) == 0) return true;
  if (errno == ENOENT) return false;
  throw_io("cannot remove", path_of(name), errno);
}

bool Directory::remove_child(const std::string& name) const {
  if (::unlinkat(fd_.get(), name.c_str(), AT_REMOVEDIR) == 0) return true;
  if (errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST) return false;
  throw_io("cannot remove directory", path_of(name), errno);
}

void Directory::rename(const std::string& from, const std::string& to) const {
  if (::renameat(fd_.get(), from.c_str(), fd_.get(), to.c_str()) != 0) {
    throw_io("cannot rename", path_of(from), errno);
  }
}

void Directory::sync() const { sync_file(fd_.get(), path_); }

}  // namespace chkpt
