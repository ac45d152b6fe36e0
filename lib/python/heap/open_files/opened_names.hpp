// SPDX-License-Identifier: BSD-3-Clause
// Files that a library has opened by a name of which it keeps only the text: the name may have been
// relative to another working directory than the one of now.
#pragma once

#include "python/ref.hpp"

#include <string>

#include "base/unique_fd.hpp"

namespace chkpt::heap {

struct OpenedName {
  std::string path;       // absolute, of the file
  std::string directory;  // in which its name leads there; "" for an absolute name
};

// `opened`: the path of what is open, by the system's word. Throws CannotSave if the name leads
// elsewhere; `kind` ("HDF5") is for its text.
OpenedName opened_name(const std::string& name, const std::string& opened, const char* kind);

std::string real_path(const std::string& path);  // "" if there is none
std::string quoted(const std::string& name);
Ref path_or_none(const std::string& path);  // a str as Python has it for file names
std::string path_of(PyObject* path_or_none);

// While alive, the working directory is the one that a file's name is relative to; "" leaves it.
class Inside {
 public:
  Inside(const std::string& directory, const char* kind);  // throws Raised
  ~Inside();
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  UniqueFd before_;
};

// The contents of a file that is open for writing become a part of the snapshot that is being
// taken. What has been written must have been flushed. Throws CannotSave.
void want_contents(const std::string& path, const char* kind);

// Those contents in a load: in the file itself, or, in a process that loads a state only to look at
// it, in a copy that is removed at the end. Throws Raised if they are not there.
class HeldContents {
 public:
  HeldContents(const std::string& path, const char* kind);
  ~HeldContents();
  HeldContents(const HeldContents&) = delete;
  HeldContents& operator=(const HeldContents&) = delete;

  const std::string& path() const { return path_; }
  bool is_copy() const { return is_copy_; }

 private:
  std::string path_;
  bool is_copy_ = false;
};

}  // namespace chkpt::heap
