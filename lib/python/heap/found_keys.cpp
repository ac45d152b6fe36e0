// SPDX-License-Identifier: BSD-3-Clause
#include "python/heap/found_keys.hpp"

#include "python/heap/call.hpp"

namespace chkpt::heap {

void expect_keys_found(PyObject* set_or_dict) {
  const bool is_dict = PyDict_Check(set_or_dict);
  // A copy, for the script may have an __iter__ of its own. It takes the hashes over.
  const Ref elements = is_dict ? Ref() : own(PySet_New(set_or_dict));
  const Ref keys = own(is_dict ? PyDict_Keys(set_or_dict) : PySequence_List(elements.get()));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(keys.get()); ++i) {
    PyObject* key = PyList_GET_ITEM(keys.get(), i);
    const int found =
        is_dict ? PyDict_Contains(set_or_dict, key) : PySet_Contains(set_or_dict, key);
    // What a __hash__ needs may be there only when the script goes on.
    if (found < 0) PyErr_Clear();
    if (found == 0)
      broken(std::string("a ") + Py_TYPE(set_or_dict)->tp_name + " does not find its own " +
             Py_TYPE(key)->tp_name);
  }
}

}  // namespace chkpt::heap
