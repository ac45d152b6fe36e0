// SPDX-License-Identifier: BSD-3-Clause
// Reading and writing whole runs of bytes: interrupted and short transfers are continued, every
// failure is an IoError whose one line names the file and the reason. A failed fsync is final:
// the kernel forgets the error, so a second fsync of the same file proves nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <signal.h>
#include <sys/stat.h>

#include "base/bytes.hpp"
#include "base/directory.hpp"
#include "base/unique_fd.hpp"

namespace chkpt {

// "<action> <path>: <reason>". A full disk, an exceeded quota and a file size limit get a line of
// their own ("/scratch is full: 12.3 MB needed, 1.0 MB free"); needed_bytes is what the file takes.
[[noreturn]] void throw_io(const std::string& action, const std::string& path, int errno_value,
                           std::uint64_t needed_bytes = 0);
std::string errno_text(int errno_value);

void write_all(int fd, ByteView bytes, std::uint64_t offset, const std::string& path,
               std::uint64_t needed_bytes = 0);
// Throws FormatError when the file ends early.
void read_all(int fd, void* out, std::size_t size, std::uint64_t offset, const std::string& path);
void sync_file(int fd, const std::string& path);

// The whole of a small text file; FormatError when it is longer than limit.
std::string read_text(const UniqueFd& fd, const std::string& path, std::size_t limit);

// A file that is not there until publish(): written as <name>.part, then fsync, close, rename.
// Unless published, the destructor removes the part file.
class PendingFile {
 public:
  enum class Durability { kSynced, kHint };  // a hint may vanish with the power and is not fsynced

  // The part file must not exist yet (O_EXCL). The size is set aside at once where the file system
  // can do that, so that a full disk is noticed before anything is written.
  PendingFile(const Directory& directory, std::string name, std::uint64_t expected_size = 0);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  void append(ByteView bytes);
  // Instead of append(): shares the contents of an open file of that size, where the file system
  // can. False if not.
  bool clone(int fd, std::uint64_t size);
  std::uint64_t size() const { return size_; }

  // flush(): all but the name. publish(): flush if need be, then the rename that makes it visible.
  // The caller syncs the directory.
  void flush(mode_t mode, Durability durability = Durability::kSynced);
  void publish(mode_t mode, Durability durability = Durability::kSynced);

 private:
  void rename_part();

  const Directory& directory_;
  std::string name_;
  std::string part_;
  UniqueFd fd_;
  std::uint64_t size_ = 0;
  std::uint64_t expected_size_ = 0;
  ino_t inode_ = 0;
  bool flushed_ = false;
  bool published_ = false;
};

// While alive, this thread gets EFBIG instead of the deadly SIGXFSZ when a file size limit is hit.
class FileSizeSignalGuard {
 public:
  FileSizeSignalGuard();
  ~FileSizeSignalGuard();
  FileSizeSignalGuard(const FileSizeSignalGuard&) = delete;
  FileSizeSignalGuard& operator=(const FileSizeSignalGuard&) = delete;

 private:
  sigset_t before_;
  bool was_blocked_ = false;
};

}  // namespace chkpt
