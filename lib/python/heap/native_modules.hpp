// SPDX-License-Identifier: BSD-3-Clause
// Modules in C, and others that library_nodes.hpp does not follow: which names they had when their
// import ended, and which of their functions and classes somebody has replaced since. What else
// changes in such a module's names has a counterpart in its memory and is left alone.
#pragma once

#include "python/ref.hpp"

#include <functional>
#include <string>
#include <vector>

#include "python/heap/pointer_table.hpp"

namespace chkpt::heap {

class NativeModules {
 public:
  struct Change {
    Ref module, module_name;  // its name in sys.modules
    Ref name, value;
  };

  // All need the GIL and throw Raised.

  // `restored`: whether a script's changes are to be put back here and not by a process part.
  void record(PyObject* name, PyObject* module, bool restored);
  // Before and after the import of a library module, as in LibraryNodes.
  void mark_changed();
  void record_unmarked();

  bool is_new_name(PyObject* module, PyObject* name);
  // Functions and classes that names lead to in the place of the module's own.
  std::vector<Change> replaced() const;

 private:
  // Nothing is kept alive here: `module` and the definitions in `names` are weak references.
  struct Module {
    Ref name, module, names;  // names: each with its definition, or None
    bool restored;
  };
  std::vector<Module> modules_;
  PointerTable<std::size_t> index_;
  std::vector<Change> marked_;
};

}  // namespace chkpt::heap
