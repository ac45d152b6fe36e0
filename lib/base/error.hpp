// SPDX-License-Identifier: BSD-3-Clause
// The exceptions of chkpt. One small hierarchy: what() is the one line the user reads, so it names
// the file, option or object concerned and needs no context. Nothing here crosses a C callback, a
// destructor or a thread: code at those borders catches and reports.
#pragma once

#include <stdexcept>
#include <string>

namespace chkpt {

// Exit codes that users and batch scripts may rely on.
enum ExitCode : int {
  kExitOk = 0,
  kExitScriptFailed = 1,   // uncaught Python exception, as python3
  kExitUsage = 2,          // bad option, script or directory
  kExitDiffers = 70,       // --torture: a snapshot was not what a resume would have got back
  kExitCannotResume = 74,  // --resume=must and nothing usable, or a snapshot that cannot be loaded
  kExitRequeue = 75,       // stopped after a committed snapshot (EX_TEMPFAIL)
  kExitTakenOver = 76,     // a newer start of the same run goes on instead of this one
};

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The command line, environment or configuration file is wrong.
class UsageError : public Error {
 public:
  using Error::Error;
};

// The operating system refused; `errno_value` is kept for callers that must tell ENOSPC from EIO.
class IoError : public Error {
 public:
  IoError(const std::string& what, int errno_value) : Error(what), errno_value_(errno_value) {}
  int errno_value() const noexcept { return errno_value_; }

 private:
  int errno_value_;
};

// A file is not what it should be: damaged, foreign, of another version, not ours to trust.
class FormatError : public Error {
 public:
  using Error::Error;
};

// A snapshot is whole and belongs here, but its state cannot be brought back to life.
class CannotResume : public Error {
 public:
  using Error::Error;
};

// Python or MPI failed underneath us.
class PythonError : public Error {
 public:
  using Error::Error;
};
class MpiError : public Error {
 public:
  using Error::Error;
};

// Python state that cannot be saved. what() names the object by its path and its source line:
// `__main__.solver.cache['x'] -> <socket.socket>` at fit.py:31. The script goes on.
class CannotSave : public Error {
 public:
  using Error::Error;
};

}  // namespace chkpt
