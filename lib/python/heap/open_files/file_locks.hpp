// SPDX-License-Identifier: BSD-3-Clause
// Locks that the process holds on an open file: flock(2), and ranges by fcntl(2). Closing the file,
// or the end of the process, gives them up; a resume takes them again.
#pragma once

#include "python/ref.hpp"

#include <string>
#include <vector>

namespace chkpt::heap {

struct FileLock {
  enum class Kind { kWhole, kRange, kOpenFileRange };  // flock, F_SETLK, F_OFD_SETLK
  Kind kind = Kind::kWhole;
  bool exclusive = false;
  long long begin = 0;   // byte
  long long length = 0;  // 0: to the end
};

// As /proc/self/fdinfo tells them.
std::vector<FileLock> locks_of(int fd);
// `flags`: the descriptor's, of open(2). Range locks are the file's: those that need other access
// are left to the descriptor they were taken through. Throws Raised if somebody else holds a lock.
void lock_again(int fd, int flags, const std::vector<FileLock>& locks, const std::string& path);

Ref packed(const std::vector<FileLock>& locks);  // for the stream
std::vector<FileLock> unpacked_locks(PyObject* packed);

}  // namespace chkpt::heap
