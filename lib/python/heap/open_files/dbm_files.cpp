// SPDX-License-Identifier: BSD-3-Clause
// The databases of dbm.ndbm and dbm.gnu: an open one keeps what it has not written yet in its C
// library, and is refused; one that has been closed comes back closed. Those of dbm.dumb and
// dbm.sqlite3 are made of Python objects, and no business of this file.
#include <Python.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include <unistd.h>

#include "base/directory.hpp"
#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

std::string module_of(PyTypeObject* type) {
  const std::string name = type->tp_name;
  return name.substr(0, name.find('.'));
}

bool is_closed_database(PyObject* database) {
  const Ref value = Ref::steal(PyObject_CallMethod(database, "get", "y", ""));
  if (value) return false;
  return take_exception_text().find("already been closed") != std::string::npos;
}

// A folder of its own for a database that is closed at once: no other way leads to an object.
class EmptyFolder {
 public:
  EmptyFolder() {
    const char* const temporary = std::getenv("TMPDIR");
    path_ = std::string(temporary ? temporary : "/tmp") + "/chkpt-XXXXXX";
    if (!mkdtemp(path_.data())) broken("a folder for a closed database cannot be made");
  }
  ~EmptyFolder() {
    try {
      const Directory folder = Directory::open(path_);
      for (const std::string& name : folder.names()) folder.unlink(name);
    } catch (const Error&) {
      // It stays, which harms nobody.
    }
    rmdir(path_.c_str());
  }
  EmptyFolder(const EmptyFolder&) = delete;
  EmptyFolder& operator=(const EmptyFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// (module)
Ref rebuild_closed_database(Args args) {
  const EmptyFolder folder;
  Ref made = call_method(import(utf8(args[0]).c_str()), "open", text(folder.path() + "/closed"),
                         text("n"));
  call_method(made, "close");
  return made;
}
const Rebuilder make_closed_database{"dbm.closed", guarded<rebuild_closed_database>};

}  // namespace

Ref reduce_dbm(Saver&, PyObject* database, Rule& rule) {
  if (!is_closed_database(database))
    refuse("an open database of the module " + module_of(rule.type) +
           " (dbm, shelve), which can be saved when it is closed");
  return reduced(make_closed_database, pack(text(module_of(rule.type))));
}

}  // namespace chkpt::heap
