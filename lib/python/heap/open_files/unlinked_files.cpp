// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/open_files/unlinked_files.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "files/file_state.hpp"
#include "files/held_files.hpp"
#include "files/journal.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

constexpr char kDeleted[] = " (deleted)";
constexpr char kInMemory[] = "/memfd:";
constexpr char kLeftByNfs[] = ".nfs";  // a file that its last user has still open gets such a name

UnlinkedSaves* active = nullptr;

std::string proc_name(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

std::string without_mark(const std::string& name) {
  return ends_with(name, kDeleted) ? name.substr(0, name.size() - sizeof kDeleted + 1) : name;
}

bool is_in_memory(const std::string& name) { return begins_with(name, kInMemory); }

// ---- saving

std::string described(const std::string& name) {
  return "file '" + without_mark(name) + "' has been deleted, and ";
}

// To open and close the file once more would give up the range locks that this process has on it.
int readable_descriptor(int fd, const std::string& name, const struct stat& info, UniqueFd* own) {
  const files::Opened opened = files::opened_here(info);
  if (opened.readable >= 0) return opened.readable;
  if (opened.range_locked) refuse(described(name) + "a lock on it would be lost by reading it");
  *own = UniqueFd(open(proc_name(fd).c_str(), O_RDONLY | O_CLOEXEC));
  if (!*own) refuse(described(name) + "cannot be read: " + std::strerror(errno));
  return own->get();
}

Ref contents_of(int fd, const std::string& name, const struct stat& info) {
  UniqueFd own_fd;
  const int from = readable_descriptor(fd, name, info, &own_fd);
  Ref contents = own(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(info.st_size)));
  try {
    read_all(from, PyBytes_AS_STRING(contents.get()), static_cast<std::size_t>(info.st_size), 0,
             without_mark(name));
  } catch (const Error& problem) {
    refuse(described(name) + problem.what());
  }
  return contents;
}

}  // namespace

bool is_unlinked(const std::string& name, const struct stat& info) {
  if (!S_ISREG(info.st_mode)) return false;
  if (info.st_nlink == 0) return true;
  if (begins_with(name.substr(name.rfind('/') + 1), kLeftByNfs)) return true;
  // What the journal keeps may be the file itself.
  auto* const journal = files::journal();
  return ends_with(name, kDeleted) && journal != nullptr &&
         journal->kept_links(info) == info.st_nlink;
}

UnlinkedSaves::UnlinkedSaves() { active = this; }
UnlinkedSaves::~UnlinkedSaves() { active = nullptr; }

Ref save_unlinked(int fd, const std::string& name, const struct stat& info) {
  const std::pair<dev_t, ino_t> id{info.st_dev, info.st_ino};
  if (active != nullptr && active->saved.count(id) != 0) return active->saved[id];
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > files::largest_held())
    refuse(described(name) + "its " + format_bytes(size) + " are more than --copy-limit");
  if (const int other = files::process_with(info))
    refuse(described(name) + "process " + std::to_string(other) + " has it open too");
  const std::string place =
      is_in_memory(name) ? without_mark(name) : files::folder_of(without_mark(name));
  const Ref saved = new_list();
  append(saved, text(place));
  append(saved, number(info.st_mode & 07777));
  append(saved, number(is_in_memory(name) ? fcntl(fd, F_GET_SEALS) : -1));
  append(saved, contents_of(fd, name, info));
  if (active != nullptr) active->saved[id] = saved;
  return saved;
}

// ---- loading

namespace {

UniqueFd made_in(const std::string& folder) {
  UniqueFd fd(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd) return fd;
  std::string name = folder + "/chkpt-XXXXXX";
  fd = UniqueFd(mkostemp(name.data(), O_CLOEXEC));
  if (fd) unlink(name.c_str());
  return fd;
}

// Its folder may have been one of the node that the run was on.
UniqueFd made_anywhere(const std::string& folder) {
  const char* const temporary = std::getenv("TMPDIR");
  for (const char* place : {folder.c_str(), temporary, "/tmp", "."}) {
    if (place == nullptr) continue;
    UniqueFd fd = made_in(place);
    if (fd) return fd;
  }
  broken("a file without a name cannot be made in '" + folder + "': " + std::strerror(errno));
}

UniqueFd made_in_memory(const std::string& name, int seals) {
  const bool sealable = (seals & F_SEAL_SEAL) == 0;
  UniqueFd fd(memfd_create(name.c_str() + sizeof kInMemory - 1,
                           MFD_CLOEXEC | (sealable ? MFD_ALLOW_SEALING : 0)));
  if (!fd) broken("a file in memory cannot be made: " + std::string(std::strerror(errno)));
  return fd;
}

UniqueFd remade(PyObject* saved) {
  const std::string place = utf8(PyList_GetItem(saved, 0));
  const auto mode = static_cast<mode_t>(integer(PyList_GetItem(saved, 1)));
  const int seals = static_cast<int>(integer(PyList_GetItem(saved, 2)));
  PyObject* contents = PyList_GetItem(saved, 3);
  const ByteView bytes(std::string_view(PyBytes_AsString(contents),
                                        static_cast<std::size_t>(PyBytes_Size(contents))));
  UniqueFd fd = is_in_memory(place) ? made_in_memory(place, seals) : made_anywhere(place);
  try {
    const FileSizeSignalGuard guard;
    write_all(fd.get(), bytes, 0, "a file without a name in " + place, bytes.size);
  } catch (const Error& problem) {
    broken(problem.what());
  }
  if (fchmod(fd.get(), mode) != 0) broken("the mode of a file without a name cannot be set");
  // F_SEAL_SEAL is there already where seals were not allowed.
  if (seals > 0 && seals != F_SEAL_SEAL && fcntl(fd.get(), F_ADD_SEALS, seals) != 0)
    broken("a file in memory cannot be sealed");
  return fd;
}

}  // namespace

std::string RemadeFiles::path(PyObject* saved) {
  if (!PyList_Check(saved) || PyList_GET_SIZE(saved) != 4) broken("an unknown kind of open file");
  auto found = made_.find(saved);
  if (found == made_.end())
    found = made_.emplace(saved, Made{Ref::borrow(saved), remade(saved)}).first;
  return proc_name(found->second.fd.get());
}

}  // namespace chkpt::heap
