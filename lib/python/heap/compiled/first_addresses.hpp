// SPDX-License-Identifier: BSD-3-Clause
// The addresses that were in the variables of compiled code when it had been loaded, and what was
// in the memory that they lead to: a new import makes that again, as it was then.
#pragma once

#include "python/ref.hpp"

#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "python/heap/compiled/word_scan.hpp"

namespace chkpt::heap {

class LiveObjects;

// Whether a module makes such an object again, the same, when it is imported.
bool is_made_again(PyObject* object);
// Dicts, lists and sets are there to be changed.
bool is_container(PyObject* object);

class FirstAddresses {
 public:
  // How much is known of the variables: nothing, so that the memory they lead to may belong to any
  // machinery; that what they lead to themselves is the library's; their names.
  enum class Known { kNothing, kOwner, kNames };

  // With names also memory that other memory leads to is looked at. Needs the GIL, as do the
  // others. Throws Raised.
  FirstAddresses(const std::vector<KeptMemory>& memories, Known known);

  bool has(Word place, Word word) const;
  // Of an object: it is what the import makes, and not changed by anybody.
  bool leaves(Word word) const { return objects_.count(word) != 0; }

  // Asks `why_not` for every object that has been there from the start, and takes one that has a
  // reason as what the import makes; says once what that is. Not containers. True if anything was
  // found.
  bool leave_out_unsaveable(const std::function<std::string(PyObject*)>& why_not,
                            const std::string& library);

  // Memory that C code had allocated and a variable still leads to.
  struct Block {
    Word place;  // where its address is kept
    Word begin;
    std::size_t size;
    const Variable* variable;          // the one that leads to it
    const Block* parent;               // null: the variable does so itself
    std::string first;                 // what was in it; of one that is not saved, the hash of that
    std::unordered_set<Word> objects;  // where the addresses of objects that may change are
  };
  // What of the blocks of variables is other than it was. Refuses if that is so of the blocks
  // behind them. `library`: for that.
  struct Change {
    const Block* block;
    std::vector<Variable> words;
  };
  std::vector<Change> changes(const std::string& library) const;
  // The block whose address a variable keeps there; null: none.
  const Block* block_at(Word place) const;

 private:
  void note_objects();
  void add_blocks(const LiveObjects& objects, Known known);
  bool is_there(const Block& block, const MappedMemory& writable) const;

  std::vector<FoundAddress> words_;  // in the order of their places
  std::unordered_set<Word> asked_for_;
  std::unordered_map<Word, Ref> objects_;
  std::deque<Block> blocks_;
};

}  // namespace chkpt::heap
