// SPDX-License-Identifier: BSD-3-Clause
// Which compiled patterns re.compile() remembers.
#pragma once

#include "python/ref.hpp"

#include <unordered_map>

namespace chkpt::heap {

class RememberedPatterns {
 public:
  // (type, pattern, flags), under which re had it when it was first asked for one; borrowed, null:
  // it had not.
  PyObject* key_of(PyObject* pattern);

 private:
  void look();

  struct Remembered {
    Ref pattern, key;
  };
  bool has_looked_ = false;
  std::unordered_map<PyObject*, Remembered> keys_;
};

}  // namespace chkpt::heap
