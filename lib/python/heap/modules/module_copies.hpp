// SPDX-License-Identifier: BSD-3-Clause
// Library modules in sys.modules that the imports of a resume would not make: imported a second
// time while other libraries still have the first one, or made of such modules. They go by value,
// and what imports make goes by name. Where nothing of a library has the first one, the second is
// what imports make. All need the GIL and throw Raised.
#pragma once

#include "python/ref.hpp"

#include <utility>
#include <vector>

#include "python/heap/pointer_table.hpp"

namespace chkpt::heap {

class MadeOfModules;

class ImportedModules {
 public:
  ImportedModules();

  // After the import of a library module; `before`: sys.modules when that began.
  void note_new(const Ref& before);

  // [(name, module, what a new import makes | ...)] of those that it does not make.
  Ref copies();
  // {name: [names that its import could not find, blocked as they were]}
  Ref blocked() const;
  // A load has imported them so, if not always one by one.
  void take_blocked(PyObject* blocked);
  // It was imported for us alone; the script's own import is the first.
  void forget(PyObject* name);
  // A load has put it there.
  void take_for_copy(PyObject* module);

 private:
  void take_new(PyObject* name, PyObject* module, const Ref& modules_before);
  bool is_put_there(PyObject* module);
  void add_to(MadeOfModules& made_of, PyObject* name, PyObject* module);

  struct Blocked {
    Ref name;
    PyObject* module;
    Ref names;  // which its import could not find
  };

  Ref firsts_;  // {name: what the first import of it has made}
  std::vector<Blocked> blocked_;
  PointerTable<bool> seen_;  // whether an import of this process has made it
  std::vector<Ref> kept_;    // those, so that their addresses stay their own
};

// While a save lasts: sys.modules as imports make it. There is one at a time.
class OriginalModules {
 public:
  OriginalModules();
  ~OriginalModules();
  OriginalModules(const OriginalModules&) = delete;
  OriginalModules& operator=(const OriginalModules&) = delete;

  // [(name, module)]: what is to be there after a load.
  static Ref copies();
  // {name: [names that were blocked when it was imported]}
  static Ref blocked();
  // Whether nothing stands in for what is there under this name.
  static bool hides(PyObject* name);

 private:
  Ref copies_;
};

// While a load imports a module: what its first import could not find, because the run had put None
// into sys.modules.
class BlockedNames {
 public:
  BlockedNames(PyObject* blocked, PyObject* name);
  ~BlockedNames();
  BlockedNames(const BlockedNames&) = delete;
  BlockedNames& operator=(const BlockedNames&) = delete;

 private:
  std::vector<std::pair<Ref, Ref>> there_;
};

void restore_module_copies(PyObject* copies);

}  // namespace chkpt::heap
