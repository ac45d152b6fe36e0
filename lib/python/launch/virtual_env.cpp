// SPDX-License-Identifier: BSD-3-Clause
// Which python3 the embedded interpreter claims to be. sys.executable, sys.prefix and the
// site-packages all follow from that one path (getpath.py reads pyvenv.cfg beside it).
#include "python/launch/launch.hpp"

#include <cstdlib>
#include <string>

#include <dirent.h>
#include <unistd.h>

#include "base/error.hpp"

#define CHKPT_TEXT(x) #x
#define CHKPT_VERSION_TEXT(major, minor) CHKPT_TEXT(major) "." CHKPT_TEXT(minor)

namespace chkpt::python {
namespace {

constexpr const char* kVersion = CHKPT_VERSION_TEXT(PY_MAJOR_VERSION, PY_MINOR_VERSION);

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// "3.12" from DIR/lib/python3.12; empty if there is none.
std::string environment_version(const std::string& directory) {
  std::string version;
  DIR* lib = ::opendir((directory + "/lib").c_str());
  if (!lib) return version;
  while (const dirent* entry = ::readdir(lib)) {
    const std::string name = entry->d_name;
    if (name.rfind("python3.", 0) == 0) version = name.substr(6);
  }
  ::closedir(lib);
  return version;
}

[[noreturn]] void refuse(const std::string& directory) {
  const std::string version = environment_version(directory);
  const std::string found =
      version.empty() ? "is not a Python environment" : "is a Python " + version + " environment";
  throw UsageError("VIRTUAL_ENV=" + directory + " " + found + ", chkpt-mpi runs Python " +
                   kVersion + ": deactivate it, or make one with " CHKPT_PYTHON_PROGRAM " -m venv");
}

}  // namespace

std::string python_program() {
  const char* environment = std::getenv("VIRTUAL_ENV");
  if (!environment || !*environment) return CHKPT_PYTHON_PROGRAM;
  const std::string directory = environment;
  if (!exists(directory + "/pyvenv.cfg") || !exists(directory + "/lib/python" + kVersion))
    refuse(directory);
  const std::string program = directory + "/bin/python3";
  return exists(program) ? program : directory + "/bin/python";
}

}  // namespace chkpt::python
