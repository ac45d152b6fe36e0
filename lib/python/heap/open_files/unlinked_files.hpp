// SPDX-License-Identifier: BSD-3-Clause
// Open files without a name: tempfile.TemporaryFile, what was removed or replaced while it was
// open, os.memfd_create. Nothing but the descriptor leads to their contents, so these are part of
// the state; a load makes a file of the same contents, without a name again.
#pragma once

#include "python/ref.hpp"

#include <map>
#include <string>
#include <utility>

#include <sys/stat.h>

#include "base/unique_fd.hpp"

namespace chkpt::heap {

// Whether nothing of the script leads to this open file any more. `name`: /proc's for it.
bool is_unlinked(const std::string& name, const struct stat& info);

// While one exists: what is saved of a file is one object, however many descriptors lead to it.
class UnlinkedSaves {
 public:
  UnlinkedSaves();
  ~UnlinkedSaves();
  UnlinkedSaves(const UnlinkedSaves&) = delete;
  UnlinkedSaves& operator=(const UnlinkedSaves&) = delete;

  std::map<std::pair<dev_t, ino_t>, Ref> saved;
};

// [folder, or the name of a file in memory; mode, seals or -1, contents]. Throws CannotSave: larger
// than --copy-limit, open in another process too, not readable.
Ref save_unlinked(int fd, const std::string& name, const struct stat& info);

// The files of one load, by what was saved of them.
class RemadeFiles {
 public:
  // /proc's name by which it can be opened until close(). Throws Raised.
  std::string path(PyObject* saved);
  void close() { made_.clear(); }

 private:
  struct Made {
    Ref saved;
    UniqueFd fd;
  };
  std::map<PyObject*, Made> made_;
};

}  // namespace chkpt::heap
