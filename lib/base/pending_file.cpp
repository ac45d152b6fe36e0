// SPDX-License-Identifier: BSD-3-Clause
// PendingFile: the only way a file of a snapshot comes into being.
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/file.hpp"

namespace chkpt {

PendingFile::PendingFile(const Directory& directory, std::string name, std::uint64_t expected_size)
    : directory_(directory),
      name_(std::move(name)),
      part_(name_ + ".part"),
      expected_size_(expected_size) {
  fd_ = directory_.open_file(part_, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (expected_size_ == 0) return;
  const FileSizeSignalGuard guard;
  // fallocate, not posix_fallocate: that one would write zeros where the file system cannot do it.
  if (::fallocate(fd_.get(), 0, 0, static_cast<off_t>(expected_size_)) == 0) return;
  const int error = errno;
  if (error != ENOSPC && error != EDQUOT && error != EFBIG && error != EIO) return;
  directory_.unlink(part_);
  throw_io("cannot reserve", directory_.path_of(name_), error, expected_size_);
}

PendingFile::~PendingFile() {
  if (published_) return;
  fd_.reset();
  ::unlinkat(directory_.fd(), part_.c_str(), 0);
}

void PendingFile::append(ByteView bytes) {
  const FileSizeSignalGuard guard;
  write_all(fd_.get(), bytes, size_, directory_.path_of(name_), expected_size_);
  size_ += bytes.size;
}

bool PendingFile::clone(int fd, std::uint64_t size) {
  if (::ioctl(fd_.get(), FICLONE, fd) != 0) return false;
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0 || static_cast<std::uint64_t>(info.st_size) < size)
    return false;
  size_ = size;
  expected_size_ = static_cast<std::uint64_t>(info.st_size);  // flush() cuts what is beyond
  return true;
}

void PendingFile::flush(mode_t mode, Durability durability) {
  const std::string path = directory_.path_of(name_);
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0) throw_io("cannot examine", path, errno);
  inode_ = info.st_ino;
  if (expected_size_ > size_ && ::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) {
    throw_io("cannot shorten", path, errno);
  }
  if (::fchmod(fd_.get(), mode) != 0) throw_io("cannot set the mode of", path, errno);
  if (durability == Durability::kSynced) sync_file(fd_.get(), path);
  fd_.close(path);
  flushed_ = true;
}

void PendingFile::publish(mode_t mode, Durability durability) {
  if (!flushed_) flush(mode, durability);
  rename_part();
  published_ = true;
}

void PendingFile::rename_part() {
  if (::renameat(directory_.fd(), part_.c_str(), directory_.fd(), name_.c_str()) == 0) return;
  const int error = errno;
  // NFS repeats a rename whose answer was lost and then reports that the old name is gone.
  if (error == ENOENT) {
    const auto target = directory_.stat(name_);
    if (target && target->st_ino == inode_) return;
  }
  throw_io("cannot rename into place", directory_.path_of(name_), error);
}

}  // namespace chkpt
