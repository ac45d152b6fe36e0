// SPDX-License-Identifier: BSD-3-Clause
// _pickle and what it imports (copyreg, _compat_pickle; in a Python that has started without them
// functools and more), while a state is saved or loaded. Where the script has not imported them
// they leave sys.modules again, as if nobody had: a script that lists its modules, or imports
// pickle later, sees what it sees under python3. Once the script has modules of these names they
// are used, so that its registrations count.
#pragma once

#include "python/ref.hpp"

#include <vector>

namespace chkpt::heap {

class UnseenImports {
 public:
  UnseenImports();  // throws Raised
  ~UnseenImports();
  UnseenImports(const UnseenImports&) = delete;
  UnseenImports& operator=(const UnseenImports&) = delete;

  // While there is one: whether this module is in sys.modules for us alone.
  static bool hides(PyObject* name);
  // Whether it is a class of such a module, also when the script has imported one of that name
  // since: classes know their subclasses, of whichever module.
  static bool has_class(PyTypeObject* type);
  // A load imports or makes a module of the script's: what it is made of is the script's too.
  static void expect(PyObject* name);

 private:
  struct Hidden {
    Ref name;
    Ref module;
  };
  void put_back();
  void import_anew();
  bool script_has_imported() const;
  bool has(PyObject* name) const;

  Ref before_;  // set of names
  std::vector<Hidden> hidden_;
};

}  // namespace chkpt::heap
