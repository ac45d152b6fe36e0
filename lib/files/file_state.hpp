// SPDX-License-Identifier: BSD-3-Clause
// What the system says of a path: where it really leads, what is there, and whether all nodes of a
// job see the same. No function here throws on what a script may do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/stat.h>

namespace chkpt::files {

// The path as the kernel would find it from `dirfd` (AT_FDCWD or a directory's descriptor):
// absolute and free of symbolic links, the last component included if `follow`. Nothing if its
// directory does not exist.
std::optional<std::string> resolve(int dirfd, const char* path, bool follow);

std::string folder_of(const std::string& path);
std::optional<struct stat> examine(const std::string& path);  // lstat; nothing if it is not there
std::int64_t mtime_ns(const struct stat& info);
std::string link_target(const std::string& path);

// How this process has the file open already.
struct Opened {
  int readable = -1;          // a descriptor to read it through; -1 if there is none
  bool range_locked = false;  // looked up only if there is none
};
Opened opened_here(const struct stat& info);

// Another process that has the file open, as far as this user may look; 0: none.
int process_with(const struct stat& info);

// A file system known to be shared between nodes (NFS, Lustre, GPFS, ...).
bool on_shared_file_system(const std::string& folder);
std::string host_name();

}  // namespace chkpt::files
