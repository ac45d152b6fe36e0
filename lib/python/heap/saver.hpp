// SPDX-License-Identifier: BSD-3-Clause
// One save in progress: what the pickler's persistent_id and reducer_override decide. Every object
// is either in the table of persistent ids (library state, modules, our functions), handled by the
// C pickler itself, or reduced by the rule of its type.
#pragma once

#include "python/ref.hpp"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "python/heap/addresses.hpp"
#include "python/heap/by_value.hpp"
#include "python/heap/foreign.hpp"
#include "python/heap/layout.hpp"
#include "python/heap/language/namespaces.hpp"
#include "python/heap/language/patterns.hpp"
#include "python/heap/pointer_table.hpp"
#include "python/heap/rebuilder.hpp"
#include "python/heap/save.hpp"
#include "python/heap/saved_memory.hpp"
#include "python/heap/language/weak_containers.hpp"

namespace chkpt::heap {

enum class MemoryOf { kNumpy, kTorch };

class OriginalArrays;
class OwnedMemory;
class Saver;
struct Rule;
// Returns a reduce value as object.__reduce_ex__ does, possibly with the sixth item, or
// NotImplemented for the pickler's default. Throws CannotSave or Raised.
using Reduce = Ref (*)(Saver&, PyObject*, Rule&);

// How instances of one type are saved.
struct Rule {
  Reduce reduce = nullptr;
  PyTypeObject* type = nullptr;
  Layout layout{{}, nullptr, false};
  Ref new_args;                          // (type,): arguments of the default constructor
  const ForeignType* foreign = nullptr;  // for reduce_foreign
  bool in_libraries = false;             // such objects may be a library module's own
  bool may_point = false;                // at memory of others, and says itself what is saved
  bool shows_memory = false;             // array.array, mmap
  Ref custom;                            // (save, restore) of chkpt.register, or null
};

// What chkpt.register and chkpt.exclude were given: {type: (save, restore)}, [(object,
// replacement)], {(module, name): replacement}; null if nothing.
struct Customs {
  Ref registered, excluded, names;
};

// What a restore function may look at, see restore_needs.cpp.
struct RestoreNeeds {
  std::unordered_set<PyObject*> seen;  // alive by `keep`
  std::vector<Ref> keep;
  std::vector<Ref> names;  // (namespace, name, value)
  Ref tuple;               // of them
};

class Saver {
 public:
  // Without `addresses`, numbers that are addresses are saved as numbers; without `originals`,
  // objects as their own pickling says.
  explicit Saver(const SaveRequest& request, Addresses* addresses = nullptr,
                 OriginalArrays* originals = nullptr);
  ~Saver();
  Saver(const Saver&) = delete;
  Saver& operator=(const Saver&) = delete;

  // Fills the table of persistent ids from sys.modules and the call stack.
  void register_modules();
  void register_weak_containers();  // of libraries, after that
  void register_stack();
  void register_excluded();

  PyObject* persistent_id(PyObject* object);  // new reference; None: pickle it
  PyObject* reduce(PyObject* object);         // new reference; null with an exception

  void set_interning(bool on) { interning_ = on; }  // cells stand for strings that exist once
  // Strings that are attributes of library modules, which some compare by identity.
  Ref library_strings() const { return library_strings_; }

  // For reducers.
  ByValue& by_value() { return by_value_; }
  Namespaces& namespaces() { return namespaces_; }
  bool is_registered(const void* object) { return ids_.find(object) != nullptr; }
  // Whether this dict can only be filled when all its keys exist; then it must stay one object.
  bool fills_late(PyObject* dict);
  Rule& rule_of(PyTypeObject* type);
  Ref reduce_by_rule(PyObject* object, Rule& rule);
  int chain_index(PyObject* generator) const;  // -1: its frame is not on the saved stack
  PyObject* chain_frame(int index) const;      // borrowed: entry of StackState::frames
  // Files under a buffer or a text layer that puts them where they belong.
  void note_lower_layer(PyObject* file) { lower_layers_.insert(file, true); }
  bool is_lower_layer(PyObject* file) { return lower_layers_.find(file) != nullptr; }
  // Files that a library has opened for itself: read by nobody else, from the beginning on.
  void note_own_file(PyObject* file) { own_files_.insert(file, true); }
  bool is_own_file(PyObject* file) { return own_files_.find(file) != nullptr; }
  Ref own_buffer(PyObject* exporter);  // a PickleBuffer that goes out of band
  // Several Python objects may stand for one piece of memory: the first of them in this save.
  Ref first_for(const void* memory, const Ref& object);
  // What is known of the HDF5 files met in this save, by identifier; see hdf5_files.cpp.
  Ref hdf5_files() const { return hdf5_files_; }
  // Functions that ctypes has found in a library.
  void note_library_function() { calls_libraries_ = true; }
  bool calls_libraries() const { return calls_libraries_; }
  // Null for the first object in this save with its identifier, else that first one.
  Ref first_hdf5_handle(PyObject* handle);
  // Refuses memory that objects of two libraries own: it could not be shared again.
  void note_memory(long long address, long long size, MemoryOf owner);
  // All the memory that the objects of the script have, for addresses that say nothing of it.
  OwnedMemory& all_memory();
  // What this save writes the contents of, and the objects that may point into it: all of them
  // are alive by the pickler's memo.
  SavedMemory& memory() { return memory_of_save_; }
  // Refuses an object that was saved already, because of an array.
  [[noreturn]] void refuse_late(PyObject* object, PyObject* array, const std::string& why);
  // The same, of an object whose own way of pickling is no way out.
  [[noreturn]] void refuse_for_good(PyObject* object, const std::string& why);
  bool is_refused_for_good() const { return is_refused_for_good_; }
  // The array; null for other refusals.
  PyObject* refused_for() const { return refused_for_; }
  // What the script has said about saving.
  const Customs& customs() const { return customs_; }
  bool is_excluded(PyObject* object) { return excluded_.find(object) != nullptr; }
  PyObject* excluded_name(PyObject* module, PyObject* name) const;  // borrowed replacement or null
  PyObject* custom_value(PyObject* object) const;  // what its save function gave; borrowed or null
  void note_custom_value(PyObject* object, const Ref& value) { custom_values_[object] = value; }
  RestoreNeeds& needs_of(PyObject* restore) { return needs_[restore]; }

  RememberedPatterns& remembered_patterns() { return remembered_patterns_; }
  WeakMembers& weak_members() { return weak_members_; }
  // Objects met so far whose finalizer has run once and will not run again.
  Ref finalized() const { return finalized_; }

  bool is_own_buffer(PyObject* pickle_buffer) { return buffers_.find(pickle_buffer) != nullptr; }

  struct ModuleEntry {
    Ref name;
    Ref module;
    Ref alias_of;  // name under which the same module was met before, or null
  };
  const std::vector<ModuleEntry>& by_value_modules() const { return modules_; }
  const std::vector<Ref>& imported_modules() const { return imported_; }
  const std::deque<Ref>& deferred() const { return deferred_; }
  // Where objects lead to objects for so long that the stack would not do (a linked list), the
  // state of an instance is saved later, from the beginning of the stack. True if that shall be.
  bool puts_off(PyObject* instance);
  // The reduce value of an object that a load makes by a library's constructor. No state is put off
  // while its arguments are saved, for the constructor may look at them. Throws CannotSave.
  Ref with_whole_arguments(const Ref& reduce_value);
  std::deque<Ref>& put_off() { return put_off_; }
  Ref held_library_locks() const { return locks_; }  // [(lock, count)]
  Ref library_registrations() const { return registrations_; }
  const SaveRequest& request() const { return request_; }

  // The object the last reduction was asked for; the culprit if pickling fails.
  PyObject* last_reduced() const { return last_reduced_; }
  const std::string& refusal() const { return refusal_; }

 private:
  void add(PyObject* object, Ref id);
  void note_lock(PyObject* lock);
  void register_library_locks();
  void register_behind(PyObject* weak_container, const Ref& id);
  void register_library_values(PyObject* name, PyObject* module);
  void register_inner_module(PyObject* outer, PyObject* key, PyObject* module);
  void note_registrations(const std::vector<PyObject*>& abstract_classes);
  void note_string(PyObject* module_name, PyObject* key, PyObject* value);
  bool is_class_of_script(PyTypeObject* type);
  Ref defer(PyObject* container, const char* kind);
  bool may_have_place(PyObject* object, const Rule& rule);
  Ref reduce_stand_in(PyObject* string);
  void let_buffers_pass(PyObject* value);
  Ref frozenset_id(PyObject* set);
  Ref nan_id(PyObject* nan);
  PyObject* interned_id(PyObject* string);  // null with an exception
  bool is_stand_in(PyObject* object);
  PyObject* number_id(PyObject* number);

  const SaveRequest& request_;
  Addresses* addresses_;
  OriginalArrays* originals_;
  ByValue by_value_;
  Namespaces namespaces_;
  PointerTable<PyObject*> ids_;  // values own a reference, keys are kept alive by keep_
  PointerTable<bool> plain_dicts_;
  PointerTable<bool> buffers_;
  PointerTable<bool> passed_buffers_;  // that objects have given for their own contents
  Customs customs_;
  PointerTable<bool> excluded_;
  std::unordered_map<PyObject*, Ref> custom_values_;   // the objects are alive while they are saved
  std::unordered_map<PyObject*, RestoreNeeds> needs_;  // by restore function
  PointerTable<PyObject*> firsts_;                     // owned by keep_
  std::map<long long, std::pair<long long, MemoryOf>> memory_;  // start: (end, owner)
  std::unique_ptr<OwnedMemory> all_memory_;
  SavedMemory memory_of_save_;
  PyObject* refused_for_ = nullptr;
  bool is_refused_for_good_ = false;
  bool calls_libraries_ = false;
  RememberedPatterns remembered_patterns_;
  WeakMembers weak_members_;
  std::vector<Ref> named_weak_containers_;
  Ref finalized_ = Ref::steal(PyList_New(0));
  PointerTable<bool> lower_layers_;
  PointerTable<bool> own_files_;
  Ref hdf5_files_ = Ref::steal(PyDict_New());
  std::map<long long, Ref> hdf5_handles_;
  PointerTable<PyObject*> string_places_;  // (module name, attribute), owned by keep_
  Ref library_strings_ = Ref::steal(PyList_New(0));
  PointerTable<PyObject*> interned_;  // cells that stand for strings, owned by keep_; else None
  PyObject* written_by_cell_ = nullptr;
  std::vector<Ref> keep_;
  std::unordered_map<PyTypeObject*, Rule> rules_;
  std::unordered_map<PyObject*, int> chain_;
  std::vector<ModuleEntry> modules_;
  std::vector<Ref> imported_;
  std::deque<Ref> deferred_;
  std::deque<Ref> put_off_;
  int open_constructors_ = 0;  // whose arguments are being saved, deep in the stack
  Ref registrations_;
  Ref locks_;
  Py_ssize_t frozensets_ = 0;
  Py_ssize_t nans_ = 0;
  bool interning_ = false;
  PyObject* last_reduced_ = nullptr;
  std::string refusal_;
};

// The reduce value (make, args[, state, None, None, set]).
Ref reduced(const Rebuilder& make, const Ref& args);
Ref reduced(const Rebuilder& make, const Ref& args, const Ref& state, const Rebuilder& set);
Ref not_implemented();

// Decides the rule of a type that was not met before in this save.
void choose_rule(Saver& saver, Rule& rule);
// From now on instances of this library class are saved as its own __getstate__ or __reduce__ says.
// False if it has none, or if they are already.
bool take_own_getstate(PyTypeObject* type);
void give_back_own_getstate(PyTypeObject* type);  // as before that: it has not helped
bool forget_vain_tries();                         // it may help again; false if there were none

}  // namespace chkpt::heap
