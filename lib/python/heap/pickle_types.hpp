// SPDX-License-Identifier: BSD-3-Clause
// Subclasses of _pickle.Pickler and _pickle.Unpickler whose hooks are C functions that call the one
// save or load in progress. The types live as long as the process, but belong to no module.
#pragma once

#include "python/ref.hpp"

#include <vector>

#include "python/heap/loader.hpp"
#include "python/heap/saver.hpp"

namespace chkpt::heap {

// A pickler of `saver` that appends to `out`. While it exists no other may.
class Pickling {
 public:
  Pickling(Saver& saver, Pickled& out);
  ~Pickling();
  Pickling(const Pickling&) = delete;
  Pickling& operator=(const Pickling&) = delete;

  void dump(const Ref& object);
  Ref memo() const;  // {address: (index, object)} of what has been written, but for atoms
  // Writes a list of strings such that wherever the stream refers to one of them from now on, the
  // reader gets its interpreter's own interned one.
  void dump_interned(const Ref& strings);

 private:
  Ref pickler_;
  Ref dump_;
};

// An unpickler that reads from `stream` and asks `loader` for persistent ids.
Ref make_unpickler(Loader& loader, SavedStream& stream, const std::vector<LoadedBuffer>& buffers);

}  // namespace chkpt::heap
