// SPDX-License-Identifier: BSD-3-Clause
// Numbers that are addresses of objects: what id() gave, as copy.deepcopy, picklers in Python and
// searches over graphs keep it in dicts and sets while they are at work. In another process the
// object has another address, so the stream holds the object where the state holds its number.
//
// Which objects a save meets is only known at its end. So a state that holds such numbers is saved
// twice: the first save finds them, the second one replaces them. A number that is the address of
// nothing that is saved stays as it is; so does that of an object in a program linked at a fixed
// address (None, a small int, a type). All other objects have high addresses.
//
// The same for the address of the first byte of an array's memory, and for every other byte of it
// if the number is near to one that a library has told the script (MPI_Get_address).
#pragma once

#include "python/ref.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/mapped_memory.hpp"

namespace chkpt::heap {

class Addresses {
 public:
  // The persistent id that stands for this int, borrowed; null if it is an ordinary number.
  PyObject* id_of(PyObject* integer);

  bool seen_any() const { return !settled_ && !seen_.empty(); }
  // After the first save, while all that it met still exists: keeps what the numbers led to.
  // `met` gives the object at an address if it was saved, else null (borrowed); `memo` is the
  // pickler's: what it has saved.
  void look_up(const std::function<PyObject*(const void*)>& met, PyObject* memo);
  // After that: the numbers that lead to nothing that was saved, each with one int that is it.
  std::unordered_map<std::uint64_t, Ref> leading_nowhere() const;
  // When the first save's own objects are gone: forgets those of them that took the place of
  // something the script had. True if there is a number to replace, so that a second save is due.
  bool settle();

 private:
  bool may_be_address(std::uint64_t value);
  void find_owners(PyObject* memo);
  void find_places();

  std::unordered_map<std::uint64_t, Ref> seen_;
  std::unordered_map<std::uint64_t, Ref> objects_;
  std::unordered_set<std::uint64_t> no_objects_;  // seen, and none is there
  std::map<long long, Ref> owners_;  // of memory that some of those lead into, as they were saved
  std::unordered_map<std::uint64_t, Ref> ids_;  // ("i", object) or ("a", place)
  std::optional<MappedMemory> memory_;
  bool settled_ = false;
};

// The persistent ids of an object's address, of one in an array's memory and of the main thread's
// number, for the loader.
constexpr const char* kAddressTag = "i";
constexpr const char* kPlaceTag = "a";
constexpr const char* kThreadTag = "t";
Ref number_of_address(PyObject* object);
Ref number_of_place(PyObject* place);
Ref number_of_this_thread();

}  // namespace chkpt::heap
