// SPDX-License-Identifier: BSD-3-Clause
// The working directories in which libraries are imported: what a library reads then by a relative
// name (matplotlib its matplotlibrc), and relative entries of sys.path, lead elsewhere after an
// os.chdir(). All need the GIL and throw Raised.
#pragma once

#include "python/ref.hpp"

namespace chkpt::heap {

// That of the launch. Once, before the script.
void note_first_directory();
// Before an outermost import of a library: where it happens, if not where the last one did.
void note_directory_for(PyObject* spec);

// (first, [(module name, directory)])
Ref import_directories();

// During the imports of a load; the end leads back to where it began. `directories`: as
// import_directories() gave it, or null. A directory that is gone is not missed.
class ImportDirectories {
 public:
  explicit ImportDirectories(PyObject* directories);
  ~ImportDirectories();
  ImportDirectories(const ImportDirectories&) = delete;
  ImportDirectories& operator=(const ImportDirectories&) = delete;

  void enter_for(PyObject* module_name);  // before its import

 private:
  Ref directories_;  // or null
  Ref before_;
};

// After them: what a later save says is what this one said, and what follows.
void continue_import_directories(PyObject* directories);

}  // namespace chkpt::heap
