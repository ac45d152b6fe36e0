// SPDX-License-Identifier: BSD-3-Clause
// What is behind an open descriptor, so that it can be opened again: by name, under the same
// number, and with copies (os.dup) that share one position still sharing it.
#pragma once

#include "python/ref.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "python/heap/open_files/file_locks.hpp"
#include "python/heap/open_files/unlinked_files.hpp"

namespace chkpt::heap {

struct OpenFile {
  std::string path;    // absolute
  int flags = 0;       // of open(2)
  long long size = 0;  // -1: a device; -2: a directory
  int number = -1;
  int group = -1;  // lowest number known to share this one's position; its own if none does
  bool inheritable = false;
  std::vector<FileLock> locks;
  Ref unlinked;  // what was saved of a file without a name; null if it has one
};

// Of a regular file that still has its name or none at all, a directory, or a device that every
// machine has.
// Throws CannotSave for anything else.
OpenFile describe_descriptor(int fd);
// 1 or 2 if it is a copy of the standard output or error that the process was started with: where
// that goes, and from which position on, is the new launch's choice.
std::optional<int> copied_output(int fd);
// /proc's name for what is behind it; "" if it is not open.
std::string name_of_descriptor(int fd);

Ref packed(const OpenFile& file);  // for the stream
OpenFile unpacked_file(PyObject* packed);

// The files of one load, up to its last step (Loaded::finish).
class ReopenedFiles {
 public:
  static void begin_load();
  static ReopenedFiles& current();  // of the newest load

  // A descriptor for it: one that this load has opened already under the saved number; a copy of
  // one it shares its position with; or a new one, with what was written later cut off. Under the
  // saved number, unless that is taken. Throws Raised.
  int reopen(const OpenFile& file);
  // The same, but under no other number.
  int reopen_exactly(const OpenFile& file);
  // A copy of a standard stream of this process, once for each number. Throws Raised.
  int copy_stream(int stream, int number, bool inheritable);
  // For mmap: a path by which a file without a name can be opened until all are.
  std::string remade(PyObject* unlinked) { return remade_.path(unlinked); }
  // When all are open: to close one more descriptor of a file would give up its range locks.
  void take_locks();

  // For a process that loads a state only to look at it, beside the one that holds the locks: they
  // are noted, and described, without being taken.
  static void leave_locks();
  static bool leaves_locks();
  std::vector<FileLock> locks(int fd) const;

 private:
  std::map<int, int> by_number_;  // saved -> now
  std::map<int, int> by_group_;
  std::vector<std::pair<int, OpenFile>> locked_;
  RemadeFiles remade_;
};

}  // namespace chkpt::heap
