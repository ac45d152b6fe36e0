// SPDX-License-Identifier: BSD-3-Clause
// What an object of a compiled class would come back as, tried in this process: it is made once
// more from copies of all that its own pickling hands over, so that nothing of the script's can
// change. Only compiled code is tried: code in Python may have effects that the script sees; and
// nothing that is handed a number that may be an address, of memory which would be freed twice.
#pragma once

#include "python/ref.hpp"

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "python/heap/saver.hpp"

namespace chkpt::heap {

class ScratchCopies {
 public:
  // A copy of an array, or of another buffer, in the object's reduce value.
  struct Array {
    std::vector<Py_ssize_t> way;  // to it: the index of each step, in the order of iteration
    Ref original, copy;
    bool is_nested;  // in that of another object that it is made of
  };

  // `compiled`: the objects that may be made once more as well.
  ScratchCopies(Saver& saver, const std::unordered_set<PyObject*>& compiled)
      : saver_(saver), compiled_(compiled) {}

  // Null if it is made of anything that cannot be copied so, or if its class raises.
  Ref remake(PyObject* object);
  const std::vector<Array>& arrays() const { return arrays_; }

 private:
  Ref copy(PyObject* value);
  Ref copy_once(PyObject* value);
  Ref copy_array(PyObject* array);
  Ref copy_sequence(PyObject* sequence);
  Ref copy_dict(PyObject* dict);
  Ref make(PyObject* object);
  void set_state(const Ref& made, PyObject* state, PyObject* setter);

  Saver& saver_;
  const std::unordered_set<PyObject*>& compiled_;
  std::unordered_map<PyObject*, Ref> made_;  // by their originals, which `keep_` holds
  std::vector<Ref> keep_;
  std::vector<Array> arrays_;
  std::vector<Py_ssize_t> way_;
  int depth_ = 0;  // of objects in each other
  long long bytes_ = 0;
};

}  // namespace chkpt::heap
