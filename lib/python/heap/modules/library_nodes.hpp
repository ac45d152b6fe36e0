// SPDX-License-Identifier: BSD-3-Clause
// The objects of library modules that can change: found by walking from each module, kept with what
// they held when the import ended and with their place, the way that leads to them from the module.
// A new import makes objects of its own at the same places.
#pragma once

#include "python/ref.hpp"

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "python/heap/modules/given_objects.hpp"
#include "python/heap/modules/library_contents.hpp"
#include "python/heap/pointer_table.hpp"

namespace chkpt::heap {

// Everything needs the GIL and throws Raised.
class LibraryNodes {
 public:
  struct Node {
    Ref object;  // kept alive, so that its address is its name here
    Holder holder;
    int parent;            // index of what holds it; -1: the object is a module
    Ref name;              // of a module, as in sys.modules
    bool changed = false;  // by something else than an import
    Entries entries;       // what it held when the import ended, but for what was given; owned
    // The names that a resume has put back, for all else whether it has: changed for good, whatever
    // imports in another order than the first run's have left there.
    Ref restored;

    // What comparing it has found, and the state of its dict and of sys.modules that this rests on.
    struct Compared {
      std::uint64_t names = 0, modules = 0;  // 0: not known
      bool differs = false;
    };
    mutable Compared compared{};
  };

  // `is_left_out` says of a container, instance or class that it is not to be followed.
  explicit LibraryNodes(std::function<bool(PyObject*, Holder)> is_left_out)
      : is_left_out_(std::move(is_left_out)) {}
  ~LibraryNodes();
  LibraryNodes(const LibraryNodes&) = delete;
  LibraryNodes& operator=(const LibraryNodes&) = delete;

  // The module and all it leads to that is not known yet.
  void record(PyObject* name, PyObject* module);
  // Before and after the import of a library module: what has changed before is not its doing, what
  // changes in it will change again when it is imported again.
  void mark_changed();
  void record_unmarked();

  // What names of modules that are marked lead to by now, and what of the script's own is in all
  // else that is marked.
  void add_changed_values(GivenObjects& values, const std::function<bool(PyObject*)>& is_of_script);
  // Until the next call: of what is recorded, these are not the import's doing.
  void set_given(GivenObjects given) { given_ = std::move(given); }

  bool knows(PyObject* object) { return index_.find(object) != nullptr; }
  // Null if it is not there.
  const Node* find(PyObject* object);
  bool differs(const Node& node);
  // Whether the module's name held this very object when the import ended.
  static bool held(const Node& module, PyObject* name, PyObject* value);

  // What the name held then; null if nothing. Borrowed.
  static PyObject* value_at_import(const Node& node, const char* name);

  std::vector<const Node*> changed_nodes();
  // Before a resume puts back what is at this place: it may be followed only because the first
  // import had taken what was given.
  void make_known(PyObject* object, PyObject* place);
  // A resume has put it back, or only these names of a module or class (a set, else null).
  void note_restored(PyObject* object, const Ref& names);
  // Those that objects of modules had when the import ended (not the modules themselves); borrowed.
  const std::vector<PyObject*>& locks() const { return locks_; }
  // Weak sets and dicts of modules and of what they hold; borrowed.
  const std::vector<PyObject*>& weak_containers() const { return weak_containers_; }
  // (module name, ((part, key or number), ...)); null if the object is not known, or if
  // what led to it did so no more when the last import ended.
  Ref place_of(PyObject* object);

 private:
  int add(PyObject* object, Holder holder, int parent, Ref name);
  void follow(int index);
  void remember(int index);
  void walk(int first);
  static Node::Compared state_of(const Node& node);

  std::function<bool(PyObject*, Holder)> is_left_out_;
  std::vector<Node> nodes_;
  std::vector<PyObject*> locks_, weak_containers_;  // nodes too, for their place
  PointerTable<int> index_;
  GivenObjects given_;
  Entries scratch_;
};

// What is at this place in the modules as they are now; null if there is nothing.
Ref object_at(PyObject* place);

}  // namespace chkpt::heap
