// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/open_files/opened_names.hpp"

#include <climits>
#include <cstdlib>
#include <memory>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "files/held_files.hpp"
#include "files/journal.hpp"
#include "python/heap/call.hpp"
#include "python/heap/open_files/open_file.hpp"

namespace chkpt::heap {
namespace {

std::string current_directory() {
  char path[PATH_MAX];
  return ::getcwd(path, sizeof path) ? path : "";
}

}  // namespace

std::string quoted(const std::string& name) { return "'" + name + "'"; }

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real ? real.get() : "";
}

OpenedName opened_name(const std::string& name, const std::string& opened, const char* kind) {
  const std::string here = current_directory();
  const bool relative = name.empty() || name.front() != '/';
  if (real_path(relative ? here + "/" + name : name) == opened)
    return {opened, relative ? here : ""};
  if (relative && ends_with(opened, "/" + name))
    return {opened, opened.substr(0, opened.size() - name.size())};
  refuse(std::string("an open ") + kind + " file that has been renamed, replaced or removed (" +
         name + ")");
}

Ref path_or_none(const std::string& path) {
  return path.empty() ? none() : own(PyUnicode_DecodeFSDefault(path.c_str()));
}

std::string path_of(PyObject* path_or_none) {
  if (path_or_none == Py_None) return "";
  const Ref bytes = own(PyUnicode_EncodeFSDefault(path_or_none));
  return PyBytes_AS_STRING(bytes.get());
}

Inside::Inside(const std::string& directory, const char* kind) {
  if (directory.empty()) return;
  before_ = UniqueFd(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!before_ || ::chdir(directory.c_str()) != 0)
    broken("cannot enter " + quoted(directory) + ", in which a " + kind + " file was opened");
}

Inside::~Inside() {
  if (before_ && ::fchdir(before_.get()) != 0) std::abort();
}

void want_contents(const std::string& path, const char* kind) {
  const std::string shown = std::string(kind) + " file " + quoted(path);
  if (!files::journal())
    refuse(shown + ", open for writing, whose contents chkpt was told to leave alone");
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) refuse(shown + " is gone");
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > files::largest_held())
    refuse(shown + ", open for writing, has " + format_bytes(size) +
           ": more than a snapshot copies (--copy-limit)");
  files::want(path);
}

HeldContents::HeldContents(const std::string& path, const char* kind) : path_(path) {
  const std::string shown = std::string(kind) + " file ";
  try {
    const auto held = files::expected(path);
    if (!held) broken("the snapshot has no copy of the " + shown + quoted(path));
    if (ReopenedFiles::leaves_locks()) {  // the file itself is the script's
      path_ = files::private_copy(*held);
      is_copy_ = true;
      return;
    }
    const std::string wrong = files::why_not_as_expected(*held);
    if (!wrong.empty()) broken("the " + shown + "is not as it was at the snapshot: " + wrong);
  } catch (const Error& problem) {
    broken(problem.what());
  }
}

HeldContents::~HeldContents() {
  if (is_copy_) ::unlink(path_.c_str());
}

}  // namespace chkpt::heap
