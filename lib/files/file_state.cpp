// SPDX-License-Identifier: BSD-3-Clause
#include "files/file_state.hpp"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/directory.hpp"
#include "base/open_descriptors.hpp"

namespace chkpt::files {
namespace {

// f_type of statfs(2); from linux/magic.h and the file systems' own headers.
constexpr std::uint32_t kSharedTypes[] = {
    0x6969,      // NFS
    0x0bd00bd0,  // Lustre
    0x47504653,  // GPFS
    0x19830326,  // BeeGFS
    0x00c36400,  // Ceph
    0xaad7aaea,  // PanFS
    0x20030528,  // OrangeFS
    0x5346414f,  // AFS
    0xff534d42,  // CIFS
    0xfe534d42,  // SMB2
    0x01161970,  // GFS2
    0x7461636f,  // OCFS2
};

std::optional<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (!real) return std::nullopt;
  return std::string(real.get());
}

bool has_range_lock(int fd) {
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd));
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("lock:", 0) == 0 && line.find(" POSIX ") != std::string::npos) return true;
  }
  return false;
}

std::string base_of(int dirfd) {
  if (dirfd == AT_FDCWD) return ".";
  return "/proc/self/fd/" + std::to_string(dirfd);
}

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// Where a chain of links ends, though nothing is there: what is opened is made there.
std::string end_of_links(std::string path) {
  constexpr int kMostLinks = 40;  // as the kernel follows
  for (int i = 0; i < kMostLinks; ++i) {
    const std::string target = link_target(path);
    if (target.empty()) break;
    path = target[0] == '/' ? target : folder_of(path) + "/" + target;
  }
  return path;
}

}  // namespace

std::optional<std::string> resolve(int dirfd, const char* path, bool follow) {
  if (path == nullptr || *path == '\0') return std::nullopt;
  std::string whole = without_trailing_slashes(*path == '/' ? path : base_of(dirfd) + "/" + path);
  if (follow) {
    if (auto real = real_path(whole)) return real;
    whole = end_of_links(whole);
  }
  const auto slash = whole.rfind('/');
  const std::string name = whole.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") return real_path(whole);
  const auto folder = real_path(slash == 0 ? "/" : whole.substr(0, slash));
  if (!folder) return std::nullopt;
  return *folder == "/" ? "/" + name : *folder + "/" + name;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::optional<struct stat> examine(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  return info;
}

std::int64_t mtime_ns(const struct stat& info) {
  return static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
}

std::string link_target(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t length = ::readlink(path.c_str(), target, sizeof target);
  return length > 0 ? std::string(target, static_cast<std::size_t>(length)) : std::string();
}

Opened opened_here(const struct stat& info) {
  Opened found;
  for (const auto& [fd, here] : open_descriptors()) {
    if (here.st_ino != info.st_ino || here.st_dev != info.st_dev) {
      continue;
    }
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_WRONLY) return {fd, false};
    found.range_locked = found.range_locked || has_range_lock(fd);
  }
  return found;
}

int process_with(const struct stat& info) {
  for (const std::string& process : Directory::open("/proc").names()) {
    const int id = std::atoi(process.c_str());
    if (id <= 0 || id == ::getpid()) continue;
    const std::unique_ptr<DIR, int (*)(DIR*)> open_files(
        ::opendir(("/proc/" + process + "/fd").c_str()), &::closedir);
    if (!open_files) continue;  // another user's, or gone
    while (const dirent* const entry = ::readdir(open_files.get())) {
      struct stat here {};
      if (::fstatat(::dirfd(open_files.get()), entry->d_name, &here, 0) == 0 &&
          here.st_ino == info.st_ino && here.st_dev == info.st_dev)
        return id;
    }
  }
  return 0;
}

bool on_shared_file_system(const std::string& folder) {
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return false;
  const auto type = static_cast<std::uint32_t>(info.f_type);
  return std::find(std::begin(kSharedTypes), std::end(kSharedTypes), type) !=
         std::end(kSharedTypes);
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = "";
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

}  // namespace chkpt::files
