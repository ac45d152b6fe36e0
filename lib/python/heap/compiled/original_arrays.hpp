// SPDX-License-Identifier: BSD-3-Clause
// Arrays in the place of their copies. An object of a compiled class that works in the memory of an
// array is saved with that array, where its own pickling says what the array holds: so the two
// share it again after a load. Which of the copies stands for which memory is seen by making the
// object once more from copies (scratch_copies.hpp): where it then leads into one of those, it has
// led into the array. That the copy is of that very memory is seen by its contents. At load it is
// checked that the object has the addresses that it had.
//
// Like numbers that are addresses (addresses.hpp), such objects are known at the end of a save, so
// the state is then saved twice.
#pragma once

#include "python/ref.hpp"

#include <map>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "python/heap/compiled/compiled_words.hpp"
#include "python/heap/saved_memory.hpp"

namespace chkpt::heap {

class Saver;

// A word of an object that leads into memory which is saved with others.
struct Exposure {
  WordPlace place;
  std::uintptr_t word;
  const SavedMemory::Block* block;
};

class OriginalArrays {
 public:
  // Whether something was found that the save so far did not do.
  bool has_news() const { return has_news_; }
  // Before the next save.
  void begin_save();

  bool knows(PyObject* object) const { return found_.count(object) != 0; }
  // Finds what to hand over for an object with these. False if it would not come back as it is.
  // `compiled`: all objects of compiled classes that were saved.
  bool find(Saver& saver, PyObject* object, const std::vector<Exposure>& exposures,
            const std::unordered_set<PyObject*>& compiled);
  // The reduce value of such an object, with the arrays; that of others as it is. Throws
  // CannotSave.
  Ref put_into(PyObject* object, const Ref& reduce_value);

  // What a load has to check, of the objects met since begin_save(): null if there is nothing.
  Ref checks() const;

 private:
  struct Replacement {
    std::vector<Py_ssize_t> way;
    Ref array;
  };
  struct Check {
    WordPlace place;
    Ref array;
    Py_ssize_t offset;  // from its first element; -1: the address of the array itself
  };
  struct Found {
    Ref object;
    std::vector<Replacement> replacements;
    std::vector<Check> checks;
    bool met = false;
  };

  std::unordered_map<PyObject*, Found> found_;
  std::vector<PyObject*> order_;  // in which they were met
  bool has_news_ = false;
};

// At load, when all objects are complete. Throws Raised if one works in other memory than it did.
constexpr const char* kSharedMemory = "shared memory";
void check_shared_memory(PyObject* checks);

}  // namespace chkpt::heap
