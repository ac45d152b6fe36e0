// SPDX-License-Identifier: BSD-3-Clause
// Decides what is saved by value and what by reference. The script and its own modules go by value,
// so that redefined functions and exec-made classes go on as they were; the standard library and
// installed packages go by reference and are imported again. One object per save: verdicts are
// cached by address.
#pragma once

#include "python/ref.hpp"

#include <string>
#include <unordered_map>
#include <utility>

namespace chkpt::heap {

class ByValue {
 public:
  // `name` is the key in sys.modules.
  bool module(PyObject* name, PyObject* module);
  // True for every class made by a class statement that cannot be found again by name in a
  // library module. C types are never by value.
  bool type(PyTypeObject* type);
  // Whether a function can be found again by module and qualified name in a library module.
  bool function_is_importable(PyObject* function);
  // Whether `module_name` names a module that goes by value; unknown names do not.
  bool module_named(PyObject* module_name);
  // A function whose module goes by value, a class that does, or an instance of one.
  bool of_script(PyObject* value);
  // A module that a load has made: before it is filled nothing else tells that it is the script's.
  void take_for_script(PyObject* name, PyObject* module);

 private:
  bool decide_module(PyObject* name, PyObject* module);
  bool has_loader_of_script(PyObject* dict);
  bool decide_type(PyTypeObject* type);

  std::unordered_map<std::string, std::pair<PyObject*, bool>> modules_;
  std::unordered_map<PyTypeObject*, bool> types_;
};

// `module.a.b` for the qualified name "a.b"; null (no exception) if it does not exist.
Ref find_qualified(PyObject* module, PyObject* qualname);

// The folders of a package, [str]; none of a module that is no package.
Ref package_path(PyObject* dict);

// The module says nothing of where it comes from.
bool is_bare_module(PyObject* module);

}  // namespace chkpt::heap
