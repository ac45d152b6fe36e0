// SPDX-License-Identifier: BSD-3-Clause
// Which words in the memory of compiled code are pointers to Python objects. Only what is one for
// sure is told: an object that the collector knows, one of a type that it does not look at and that
// lies where objects lie, or a type.
#pragma once

#include "python/ref.hpp"

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "base/mapped_memory.hpp"

namespace chkpt::heap {

// Every class there is now, without the script being asked. Needs the GIL. Throws Raised.
std::vector<PyTypeObject*> live_types();

class LiveObjects {
 public:
  // Looks for objects at these addresses. Needs the GIL. Throws Raised.
  explicit LiveObjects(std::vector<std::uintptr_t> addresses);

  PyObject* at(std::uintptr_t address) const;  // borrowed; null: none for sure
  bool is_type(std::uintptr_t address) const { return types_.count(address) != 0; }

 private:
  bool is_unknown_to_collector(std::uintptr_t address) const;

  MappedMemory memory_{Mapped::kWritable};
  std::unordered_set<std::uintptr_t> types_, found_;
};

}  // namespace chkpt::heap
