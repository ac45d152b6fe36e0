// SPDX-License-Identifier: BSD-3-Clause
// Modules in C, and others that library_nodes.hpp does not follow: what their names led to when
// their import ended, and what somebody has changed of that since. Of the modules themselves, and
// of their classes if they are written in Python, it looks at functions and classes, at numbers and
// strings of modules that no process part restores, at what classes say of themselves, and at names
// that are new or gone. What else changes has a counterpart in C memory, or is the business of a
// process part.
#pragma once

#include "python/ref.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "python/heap/modules/given_objects.hpp"
#include "python/heap/pointer_table.hpp"

namespace chkpt::heap {

class UnfollowedModules {
 public:
  struct Change {
    Ref holder, place;  // a module or a class; where a new import has it
    bool in_class = false;
    Ref name, value;  // no value: the name is gone
  };
  enum class Extent {
    kNames,        // only which names there are
    kDefinitions,  // and functions and classes
    kConstants,    // and numbers and strings
  };

  // All need the GIL and throw Raised.

  void record(PyObject* name, PyObject* module, Extent extent);
  // Before and after the import of a library module, as in LibraryNodes.
  void mark_changed();
  void record_unmarked();
  // What the names that are marked lead to.
  void add_changed_values(GivenObjects& values) const;

  bool is_new_name(PyObject* module, PyObject* name);
  // False if nothing has changed in a module since changed() looked at it.
  bool may_differ(PyObject* module);
  // Whether the name holds something else than the definition, or the constant, of the import, or
  // an object where the import has none.
  bool is_replaced(PyObject* module, PyObject* name, PyObject* value);
  // The number or string, if that is remembered; else null. Borrowed.
  PyObject* constant_at_import(PyObject* holder, const char* name);
  std::vector<Change> changed() const;

 private:
  // Modules and classes are not kept alive here, nor are their functions.
  struct Holder {
    Ref object;  // weak reference
    Ref place;
    bool is_class = false;
    Extent extent = Extent::kNames;
    // Each with its definition, as a weak reference if that can be, its constant, None if it is
    // another object, Ellipsis if it is no object of its own (None, a number): nobody's concern. A
    // class's bases are a list of weak references.
    Ref names;
    mutable std::uint64_t unchanged_at = 0;  // version of its dict
    Ref module;                              // weak reference
  };
  static void remember(const Holder& holder, PyObject* name, PyObject* value);
  static bool has_its_parts(const Holder& holder, PyObject* object);
  void record_holder(PyObject* object, PyObject* module, const Ref& place, bool is_class,
                     Extent extent);
  // False if there are others that are nobody's concern, as is_replaced() finds.
  bool add_changes(const Holder& holder, PyObject* object, std::vector<Change>& found) const;

  std::vector<Holder> holders_;
  PointerTable<std::size_t> index_;
  std::vector<Change> marked_;
};

}  // namespace chkpt::heap
