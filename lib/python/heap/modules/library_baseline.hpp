// SPDX-License-Identifier: BSD-3-Clause
// What the modules of libraries held when their import ended, for library_globals.cpp.
#pragma once

#include "python/ref.hpp"

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "python/heap/by_value.hpp"
#include "python/heap/modules/library_nodes.hpp"
#include "python/heap/modules/module_copies.hpp"
#include "python/heap/modules/unfollowed_modules.hpp"

namespace chkpt::heap {

struct LibraryBaseline {
  using Name = std::pair<PyObject*, std::string>;  // a name of a module or class; "" is all of it

  explicit LibraryBaseline(std::function<bool(PyObject*, Holder)> stay_out)
      : nodes(std::move(stay_out)) {}

  LibraryNodes nodes;
  ByValue by_value;
  PointerTable<bool> left_out;  // what modules that are left out hold
  PointerTable<bool> bare;      // modules from no file; whether a library module made them
  std::vector<Ref> kept;        // those objects, so that their addresses stay their own
  UnfollowedModules unfollowed;
  ImportedModules imported;
  std::set<Name> unsaveable;
  std::string unobserved;   // see note_unobserved()
  int depth = 0;            // of imports of library modules
  Ref outermost;            // the name of the outermost of them
  bool script_ran = false;  // inside the outermost of them
};

LibraryBaseline* library_baseline();  // null before and after the script

}  // namespace chkpt::heap
